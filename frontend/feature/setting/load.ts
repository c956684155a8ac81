import { useEffect, useState } from 'preact/hooks';
import { attempt } from '../../state/session.ts';

/** What a part of the settings shows, read when it is opened, with the way to read it again. */
export function useLoaded<T>(read: () => Promise<T>): [T | null, () => Promise<void>] {
  const [value, setValue] = useState<T | null>(null);
  async function load(): Promise<void> {
    await attempt(async () => setValue(await read()));
  }
  useEffect(() => void load(), []);
  return [value, load];
}
