import { AppError } from '../../app-error.ts';
import { refusedArgs, refusedTerminalArgs } from './argv.ts';

/** Throws AppError `invalid_request` for arguments of a turn that the server sets itself. */
export function checkArgs(args: readonly string[]): void {
  const refused = refusedArgs(args);
  if (!refused.length) return;
  throw new AppError(
    'invalid_request',
    `extra_args: ${refused.join(' ')} cannot be used, since the server sets it itself`,
    { field: 'extra_args' },
  );
}

/** As `checkArgs`, and what a terminal is started with besides. */
export function checkTerminalArgs(args: readonly string[]): void {
  const refused = refusedTerminalArgs(args);
  if (!refused.length) return;
  throw new AppError(
    'invalid_request',
    `args: ${refused.join(' ')} cannot be used: there is a field for it, or a terminal cannot have it`,
    {
      field: 'args',
    },
  );
}
