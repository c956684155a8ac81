import { useState } from 'preact/hooks';
import { setDraft } from './draft.ts';
import { askedAt, complete } from './suggest.ts';
import { type Suggestion, useSuggestions } from './suggestions.tsx';

type Completion = {
  suggestions: Suggestion[];
  /** The row that Enter takes. */
  chosen: number;
  setCaret(caret: number): void;
  writeText(text: string, caret: number): void;
  choose(value: string): void;
  /** Handles a key for the open list. True if the list used it. */
  handleKey(event: KeyboardEvent): boolean;
};

/** Completes a command or a file name at the caret. `moveCaret` gets the place behind what was completed. */
export function useCompletion(id: string, text: string, moveCaret: (caret: number) => void): Completion {
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [isClosed, setClosed] = useState(false);
  const asked = isClosed ? null : askedAt(text, caret);
  const suggestions = useSuggestions(id, asked);

  function writeText(value: string, at: number): void {
    setDraft(id, value);
    setCaret(at);
    setChosen(0);
    setClosed(false);
  }

  function choose(value: string): void {
    if (!asked) return;
    const done = complete(text, asked, value);
    writeText(done.text, done.caret);
    moveCaret(done.caret);
  }

  function handleKey({ key }: KeyboardEvent): boolean {
    if (!suggestions.length) return false;
    const step = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
    if (step) setChosen((chosen + step + suggestions.length) % suggestions.length);
    else if (key === 'Enter' || key === 'Tab') choose(suggestions[chosen]?.value ?? '');
    else if (key === 'Escape') setClosed(true);
    else return false;
    return true;
  }

  return { suggestions, chosen, setCaret, writeText, choose, handleKey };
}
