import { isAbsolute, join, normalize, sep } from 'node:path';

/** Modes in which a person is asked even if nobody opened the session on purpose. */
export const canPrompt = (mode: string): boolean => ['default', 'manual', 'plan', 'auto'].includes(mode);

const freeTools = ['Read', 'Glob', 'Grep', 'Agent', 'Task', 'TodoWrite', 'TaskOutput'];
const editTools = ['Write', 'Edit'];
const personTools = ['AskUserQuestion', 'ExitPlanMode'];
const readOnlyCommand =
  /^(ls|pwd|whoami|cat|echo|true|date|head|tail|wc|git (status|log|diff|--version))\b[^;&|<>`$]*$/;
const fileCommand = /^(touch|mkdir|rm|mv|cp)\b[^;&|<>`$/]*$/;

type Situation = { mode: string; allowedTools: string; project: string; planFile: string };

/** Whether a tool runs without asking. */
export function isAllowed(tool: string, input: Record<string, unknown>, situation: Situation): boolean {
  const { mode, project, planFile } = situation;
  if (personTools.includes(tool)) return false;
  if (mode === 'bypassPermissions' || freeTools.includes(tool)) return true;
  if (parseRules(situation.allowedTools).some((rule) => fits(rule, tool, input))) return true;
  const path = String(input['file_path'] ?? '');
  const command = String(input['command'] ?? '');
  if (editTools.includes(tool)) {
    const full = normalize(isAbsolute(path) ? path : join(project, path));
    return full === planFile || (mode === 'acceptEdits' && full.startsWith(project + sep));
  }
  if (tool !== 'Bash') return false;
  return readOnlyCommand.test(command) || (mode === 'acceptEdits' && fileCommand.test(command));
}

/** `Bash,Edit` or `Bash(git *),Read`. */
function parseRules(text: string): { tool: string; argument: string | null }[] {
  return [...text.matchAll(/([\w-]+)(?:\(([^)]*)\))?/g)].map(([, tool = '', argument]) => ({
    tool,
    argument: argument ?? null,
  }));
}

function fits(
  rule: { tool: string; argument: string | null },
  tool: string,
  input: Record<string, unknown>,
): boolean {
  if (rule.tool !== tool) return false;
  if (rule.argument === null) return true;
  const value = String(input['command'] ?? input['file_path'] ?? '');
  const prefix = rule.argument.replace(/:?\s?\*$/, '');
  return prefix === rule.argument ? value === prefix : value === prefix || value.startsWith(`${prefix} `);
}
