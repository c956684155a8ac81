import type { Words } from '../../i18n/en/common.ts';
import type { ToolPart } from './view.ts';

/** What a tool does, as a kind that the dictionary has a verb for. */
export type Verb =
  | 'ran'
  | 'read'
  | 'wrote'
  | 'edited'
  | 'searched'
  | 'fetched'
  | 'asked'
  | 'planned'
  | 'agent'
  | 'used';

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

/** How far a call has come: it waits for a person, never ran, is under way, was left unfinished, or has run. */
export function stageOf(
  { asked_at, denied, output }: Pick<ToolPart, 'asked_at' | 'denied' | 'output'>,
  isLive: boolean,
) {
  if (denied) return denied;
  if (output !== null) return 'ran' as const;
  if (asked_at) return 'asked' as const;
  return isLive ? ('running' as const) : ('unfinished' as const);
}

/** The verb in front of a call's object: only a call that ran is shown as done. */
export function saidOf(
  tool: Pick<ToolPart, 'name' | 'asked_at' | 'denied' | 'output'>,
  isLive: boolean,
  t: Words,
): string {
  const verb = verbOf(tool.name);
  const stage = stageOf(tool, isLive);
  const name = verb === 'ran' || verb === 'used' ? '' : ` ${tool.name}`;
  if (stage === 'person') {
    if (verb === 'asked') return t.notAnswered;
    if (verb === 'planned') return t.planSentBack;
  }
  if (stage === 'person' || stage === 'nobody' || stage === 'rule' || stage === 'unfinished')
    return `${t.stages[stage]}${verb === 'used' ? ` ${tool.name}` : name}`;
  if (verb === 'used') return stage === 'asked' ? t.wantsTool(tool.name) : tool.name;
  return stage === 'ran' ? t.verbs[verb] : stage === 'asked' ? t.wants[verb] : t.doing[verb];
}

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
  const { command, file_path, pattern, url, query, description, subject, prompt, questions } = inputOf(tool);
  const question = Array.isArray(questions) ? questions[0]?.question : undefined;
  const object = String(
    tool.change?.file ??
      command ??
      file_path ??
      pattern ??
      url ??
      query ??
      question ??
      description ??
      subject ??
      prompt ??
      '',
  );
  const short = object.replaceAll(`${project}/`, '').replaceAll(/\s+/g, ' ').trim();
  return short.length > maxObject ? `${short.slice(0, maxObject)}…` : short;
}

/** The exit code of a command; null while it runs, and where a person or a limit ended it. */
export function exitCodeOf({
  name,
  output,
  is_error,
}: Pick<ToolPart, 'name' | 'output' | 'is_error'>): number | null {
  if (name !== 'Bash' || output === null) return null;
  if (!is_error) return 0;
  const code = /^(?:Error: )?Exit code (\d+)/.exec(output)?.[1];
  return code === undefined ? null : Number(code);
}
