import type { ToolPart } from './view.ts';

/** What a tool does, as a kind that the dictionary has a verb for. */
export type Verb = 'ran' | 'read' | 'wrote' | 'edited' | 'searched' | 'fetched' | 'asked' | 'planned' | 'agent' | 'used';

const verbs: Record<string, Verb> = {
  Bash: 'ran',
  BashOutput: 'read',
  Read: 'read',
  Write: 'wrote',
  Edit: 'edited',
  MultiEdit: 'edited',
  NotebookEdit: 'edited',
  Grep: 'searched',
  Glob: 'searched',
  WebSearch: 'searched',
  ToolSearch: 'searched',
  WebFetch: 'fetched',
  AskUserQuestion: 'asked',
  ExitPlanMode: 'planned',
  Task: 'agent',
  Agent: 'agent',
  Workflow: 'agent',
};

export const verbOf = (name: string): Verb => verbs[name] ?? 'used';

/** The input of a tool; empty where it came cut (inputs of more than 8,000 characters). */
export function inputOf({ input }: Pick<ToolPart, 'input'>): Record<string, unknown> {
  try {
    const value = JSON.parse(input);
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

const maxObject = 160;

/** What a tool was used on, for one line: the command, the file (from the project on), or what else its input names. */
export function objectOf(tool: Pick<ToolPart, 'input' | 'change' | 'name'>, project: string): string {
  const { command, file_path, pattern, url, query, description, subject, prompt } = inputOf(tool);
  const object = String(tool.change?.file ?? command ?? file_path ?? pattern ?? url ?? query ?? description ?? subject ?? prompt ?? '');
  const short = object.replaceAll(`${project}/`, '').replaceAll(/\s+/g, ' ').trim();
  return short.length > maxObject ? `${short.slice(0, maxObject)}…` : short;
}

/** The exit code of a command; null while it runs, and where a person or a limit ended it. */
export function exitCodeOf({ name, output, is_error }: Pick<ToolPart, 'name' | 'output' | 'is_error'>): number | null {
  if (name !== 'Bash' || output === null) return null;
  if (!is_error) return 0;
  const code = /^(?:Error: )?Exit code (\d+)/.exec(output)?.[1];
  return code === undefined ? null : Number(code);
}
