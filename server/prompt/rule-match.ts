import type { Rule } from '../../contract/prompt.ts';
import { isKnown, type Part, parseShell } from './shell.ts';

/** A tool call that somebody would be asked about. */
export type Call = {
  tool: string;
  input: Record<string, unknown>;
  /** Its file with links resolved, if it has one. */
  file: string | null;
  /** It writes what the agent, git, an editor or a shell obeys: a rule for a file or a folder does not cover that. */
  obeyed: boolean;
  project: string;
  /** The project with links resolved. */
  root: string;
  conv_id: string;
};

/** Fields of a command's input that change nothing about what is run. */
const harmless = new Set(['command', 'description', 'timeout', 'run_in_background']);

/** The command of a call; null if it has none, or runs in a special way. */
export function commandOf({ tool, input }: Pick<Call, 'tool' | 'input'>): string | null {
  const { command } = input;
  return tool === 'Bash' &&
    typeof command === 'string' &&
    Object.keys(input).every((name) => harmless.has(name))
    ? command
    : null;
}

/** Tools that do one thing to the file that they name. Others may do anything to it. */
const fileTools = new Set(['Edit', 'MultiEdit', 'NotebookEdit', 'Read', 'Write']);

/** Whether the CLI's tools take a path as it is written: they trim it, compose its letters, and begin at `~` or where the agent is. */
const isTakenAsWritten = (path: string) =>
  path.startsWith('/') && !path.includes('\0') && path === path.trim().normalize('NFC');

/** The file that a call is about; null also for a path that would be taken for another one. */
export function fileOf({ tool, input }: Pick<Call, 'tool' | 'input'>): string | null {
  if (!fileTools.has(tool)) return null;
  const path = input['file_path'] ?? input['notebook_path'];
  return typeof path === 'string' && isTakenAsWritten(path) ? path : null;
}

/** Whether the words of a command begin with others. */
export const beginsWith = (part: Part, start: Part): boolean =>
  start.length > 0 &&
  start.length <= part.length &&
  start.every((word, index) => isKnown(word) && word === part[index]);

/** The one simple command that a text is; null for any other text. */
export function onlyPart(text: string): Part | null {
  const parts = parseShell(text);
  const [part] = parts ?? [];
  return parts?.length === 1 && part?.every(isKnown) ? part : null;
}

export const isInside = (file: string, folder: string): boolean =>
  file === folder || file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** The input with its fields in one order, so that the same input is the same text. */
export function inputText(value: unknown): string {
  const sorted = (_: string, field: unknown) =>
    field && typeof field === 'object' && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field;
  return JSON.stringify(value, sorted);
}

/** Whether a rule may be used for a call at all. */
function applies(rule: Rule, call: Call, now: string): boolean {
  const holds = rule.until === null || rule.until > now;
  return (
    holds &&
    rule.tool === call.tool &&
    rule.project === call.project &&
    (rule.conv_id === null || rule.conv_id === call.conv_id)
  );
}

/**
 * The rules that together cover a call; null where something of it is not covered. A command that is made
 * of several (`a && b`, `a | b`, `$(a)`) is covered when each of them is; a redirection never is, but where
 * the whole command was allowed as it stands.
 */
export function coveringRules(rules: readonly Rule[], call: Call, now: string): Rule[] | null {
  const usable = rules.filter((rule) => applies(rule, call, now));
  const direct = usable.find(({ match }) => coversWhole(match, call));
  if (direct) return [direct];
  const command = commandOf(call);
  const parts = command === null ? null : parseShell(command);
  if (!parts?.length) return null;
  const starts = usable.map((rule) => ({ rule, covers: startOf(rule.match) }));
  const found = parts.map((part) => starts.find(({ covers }) => covers(part))?.rule);
  return found.every((rule) => rule !== undefined) ? [...new Set(found)] : null;
}

function coversWhole(match: Rule['match'], call: Call): boolean {
  if (match.by === 'input') return inputText(call.input) === match.input;
  if (match.by === 'file') return !call.obeyed && call.file === match.file;
  if (match.by === 'folder') return !call.obeyed && call.file !== null && isInside(call.file, match.folder);
  return commandOf(call) === match.command;
}

/** Says of which simple commands a rule allows each. The rule is parsed once, however many commands there are. */
function startOf(match: Rule['match']): (part: Part) => boolean {
  const start = match.by === 'command' ? onlyPart(match.command) : null;
  if (match.by !== 'command' || start === null) return () => false;
  return (part) => beginsWith(part, start) && (!match.exact || part.length === start.length);
}
