import { useState } from 'preact/hooks';

/** What a person has opened: it stays open when the row is drawn again, as when a turn ends. */
const opened = new Set<string>();

/** Whether a `details` of this key is open, and what its toggle event does. */
export function useOpen(key: string): [boolean, (event: { currentTarget: HTMLDetailsElement }) => void] {
  const [isOpen, setOpen] = useState(opened.has(key));
  return [
    isOpen,
    ({ currentTarget }) => {
      if (currentTarget.open) opened.add(key);
      else opened.delete(key);
      setOpen(currentTarget.open);
    },
  ];
}
