import type { Prompt, Remember, Rule } from '../../contract/prompt.ts';
import { AppError } from '../app-error.ts';
import { beginsWith, type Call, commandOf, inputText, isInside, onlyPart } from './rule-match.ts';
import { parseShell } from './shell.ts';

const wrong = (field: string, what: string) =>
  new AppError('invalid_request', `remember.${field}: ${what}`, { field: 'remember' });

/**
 * The rule that an allowance makes; null if it applies only once. Without a start of a command or a folder
 * it covers exactly what was asked. Throws AppError `invalid_request` for one that would not cover it.
 */
export function toRule(
  prompt: Prompt,
  call: Call,
  remember: Remember,
  made: { id: string; at: string; by: string },
): Rule | null {
  if (remember === 'once') return null;
  const {
    for: span,
    until = null,
    command,
    folder,
  } = typeof remember === 'string' ? { for: remember } : remember;
  if (span === 'until' && until === null) throw wrong('until', 'is needed with "until"');
  if (span !== 'until' && until !== null) throw wrong('until', 'goes with "until" only');
  if (until !== null && new Date(until).toISOString() <= made.at) throw wrong('until', 'is in the past');
  return {
    id: made.id,
    tool: prompt.tool,
    match: toMatch(call, command, folder),
    project: prompt.project,
    conv_id: span === 'conversation' ? prompt.conv_id : null,
    until: until === null ? null : new Date(until).toISOString(),
    created_at: made.at,
    created_by: made.by,
  };
}

function toMatch(call: Call, start: string | undefined, folder: string | undefined): Rule['match'] {
  const command = commandOf(call);
  if (start !== undefined) {
    const words = onlyPart(start);
    const parts = command === null ? null : parseShell(command);
    if (!words) throw wrong('command', 'must be the beginning of one simple command');
    if (!parts?.some((part) => beginsWith(part, words)))
      throw wrong('command', 'the command that was asked about does not begin with these words');
    return { by: 'command', command: start.trim(), exact: false };
  }
  if (folder !== undefined) {
    const clean = folder.length > 1 ? folder.replace(/(?<!\/)\/+$/, '') : folder;
    if (!clean.startsWith('/') || /(^|\/)\.{1,2}(\/|$)/.test(clean))
      throw wrong('folder', 'must be an absolute folder');
    if (call.file === null || !isInside(call.file, clean))
      throw wrong('folder', 'does not hold the file that was asked about');
    if (call.obeyed)
      throw wrong('folder', 'never covers a file that the agent, git, an editor or a shell obeys');
    return { by: 'folder', folder: clean };
  }
  if (command !== null) return { by: 'command', command, exact: true };
  if (call.file !== null && !call.obeyed) return { by: 'file', file: call.file };
  return { by: 'input', input: inputText(call.input) };
}
