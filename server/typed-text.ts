/** What ends a paste: in the middle of a text it would have the rest pressed as keys. */
const pasteEnd = '\x1b[201~';

export const withoutPasteEnd = (text: string): string => text.replaceAll(pasteEnd, '');

/** A message as it is typed, so that it stays one: `!` would run it in a shell, a backslash makes a line of the Enter. */
export function asTyped(message: string): string {
  const text = withoutPasteEnd(message);
  return `${text.startsWith('!') ? ' ' : ''}${text}${text.endsWith('\\') ? ' ' : ''}`;
}

/** Whether a message is a command of Claude Code's: a path begins as one, and has more slashes. */
export const isCommand = (message: string): boolean => /^\/[\w:-]+(\s|$)/.test(message);

/** Whether a text stands in the input box of a screen, or a paste that is too long to be shown. */
export function isShown(screen: string, text: string): boolean {
  const [first = ''] = text.trim().split('\n');
  return screen.includes('[Pasted text') || screen.includes(first.slice(0, 20));
}

/** A message as Claude Code is given it. A leading blank keeps it from reading a command. */
export function toInput(message: string, literal: boolean): string {
  return literal && message.startsWith('/') ? ` ${message}` : message;
}
