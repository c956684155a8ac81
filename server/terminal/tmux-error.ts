import { AppError } from '../app-error.ts';

/** A command that tmux refused or did not answer, in its own words. */
export class TmuxError extends AppError {
  constructor(cause: Error) {
    super('terminal_failed', `tmux says: ${cause.message}`, { cause });
  }
}
