import { AppError } from '../app-error.ts';

/** This many lines at the end of the screen say what is wrong. */
const maxLines = 12;

/** The error of a terminal that did not do what it should, with what it shows. */
export function terminalFailed(what: string, screen: string): AppError {
  const lines = screen.split('\n').filter((line) => line.trim());
  const shown = lines.slice(-maxLines).join(' | ');
  return new AppError('terminal_failed', shown ? `${what} The terminal shows: ${shown}` : what);
}
