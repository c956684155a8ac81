import { AppError } from '../../app-error.ts';

/** Commands of the CLI that do harm, or nothing, where no terminal is. */
const refused: Record<string, string> = {
  heapdump: 'it writes a dump of the memory into the home folder',
  login: 'sign in on the machine with `claude auth login`',
  logout: 'sign out on the machine with `claude auth logout`',
  exit: 'there is nothing to leave; choose another conversation',
  quit: 'there is nothing to leave; choose another conversation',
  resume: 'choose another conversation, or begin one with its session_id',
  vim: 'it changes the keys of the terminal',
};

/** Throws AppError `command_refused` for a message that is one of them. */
export function checkCommand(message: string, literal: boolean): void {
  if (literal) return;
  const name = /^\/([A-Za-z0-9:_-]+)(?:\s|$)/.exec(message)?.[1];
  const reason = name && Object.hasOwn(refused, name) ? refused[name] : undefined;
  if (reason)
    throw new AppError('command_refused', `/${name} is not for here: ${reason}.`, { field: 'message' });
}
