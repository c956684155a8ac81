/**
 * A text that holds no control character but newline and tab, so that a terminal takes all of it as text.
 * Taking out a sequence such as the end of a paste is not enough: what stood around it can form another.
 * Single characters cannot.
 */
export const withoutControls = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '');

/**
 * A message as it is typed, so that it stays one: `!` would run it in a shell, a backslash makes a line of
 * the Enter.
 */
export function asTyped(message: string): string {
  const text = withoutControls(message);
  return `${text.trimStart().startsWith('!') ? ' ' : ''}${text}${text.endsWith('\\') ? ' ' : ''}`;
}

/** Whether a message is a command of Claude Code's: a path begins as one, and has more slashes. */
export const isCommand = (message: string): boolean => /^\/[\w:-]+(\s|$)/.test(message);

/** Whether a text is in the input box of a screen, or a paste that is too long to be shown. */
export function isShown(screen: string, text: string): boolean {
  const [first = ''] = text.trim().split('\n');
  return screen.includes('[Pasted text') || screen.includes(first.slice(0, 20));
}

/** A message as Claude Code is given it. A leading blank keeps it from reading a command. */
export function toInput(message: string, literal: boolean): string {
  return literal && message.startsWith('/') ? ` ${message}` : message;
}
