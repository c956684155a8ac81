import type { RuleOffer } from '../../contract/prompt.ts';
import { boundedStart } from './bounded.ts';
import { type Call, commandOf, isInside } from './rule-match.ts';
import { isKnown, parseShell } from './shell.ts';

/** The rules that may be offered for a call beyond one for exactly what is asked: none that would allow anything. */
export function offersOf(call: Call): RuleOffer[] {
  const command = commandOf(call);
  if (command !== null) {
    const parts = parseShell(command);
    const [part] = parts ?? [];
    const start = parts?.length === 1 && part ? boundedStart(part) : null;
    return start && part && part.length > start.length && start.every(isKnown)
      ? [{ command: start.join(' ') }]
      : [];
  }
  if (call.file === null || call.obeyed) return [];
  const folder = call.file.slice(0, call.file.lastIndexOf('/'));
  return folder && isInside(folder, call.root) ? [{ folder }] : [];
}
