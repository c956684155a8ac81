import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Denied } from '../../../contract/message.ts';
import { parseDenial } from '../../transcript/denial.ts';
import type { Block } from '../../transcript/message-part.ts';
import type { AgentOutput, AskedPrompt, PromptReply } from '../port.ts';
import { isAllowed } from './permission.ts';
import { askPerson, promptKind } from './prompt.ts';
import { runTool, type ToolContext, type ToolResult } from './tools.ts';

/** A person denied a tool call and stopped the turn with it. */
export class Interrupted extends Error {}

/** What a tool call knows of its turn and its session. */
export type CallContext = ToolContext & {
  permissionMode: string;
  allowedTools: string;
  planFile: string;
  /** Somebody can answer a prompt. */
  canAsk: boolean;
  parentToolId: string | null;
  /** The prompt of a used-up budget; null while money is left. */
  budgetPrompt(tool: string): Omit<AskedPrompt, 'id'> | null;
  output(output: AgentOutput): void;
  changeMode(mode: string): void;
  /** Starts a tool that runs beside the turn; null if this call does not. */
  startBeside(call: Block): Promise<ToolResult> | null;
};

/** How a call ended; `denied` is set if it never ran. */
export type CallResult = ToolResult & { denied?: Denied };

/** Asks whoever must be asked, runs a tool call and returns its result. Throws Interrupted. */
export async function runToolCall(call: Block, context: CallContext): Promise<CallResult> {
  const tool = String(call.name);
  let input = (call.input ?? {}) as Record<string, unknown>;
  await checkBudget(tool, context);
  if (!isAllowed(tool, input, { ...context, mode: context.permissionMode })) {
    if (!context.canAsk) return deny('This requires approval, and nobody is there to be asked.', 'rule');
    const reply = await ask(call, tool, await toShownInput(tool, input, context), context);
    if (reply.decision === 'deny') {
      if (reply.interrupt) throw new Interrupted('A person stopped the turn.');
      return deny(reply.message, 'user_reject');
    }
    if (reply.permissionMode) context.changeMode(reply.permissionMode);
    if (tool === 'AskUserQuestion') return { output: describeAnswers(reply.answers ?? {}), isError: false };
    if (tool === 'ExitPlanMode') return { output: 'User has approved your plan.', isError: false };
    input = reply.input;
  }
  return (await context.startBeside({ ...call, input })) ?? (await runTool(tool, input, context));
}

async function checkBudget(tool: string, context: CallContext): Promise<void> {
  const prompt = context.budgetPrompt(tool);
  if (!prompt) return;
  const reply = await askPerson(prompt, context.output, context.signal);
  if (reply.decision === 'deny') throw new Interrupted('The budget is used up.');
}

const ask = (
  call: Block,
  tool: string,
  input: Record<string, unknown>,
  context: CallContext,
): Promise<PromptReply> =>
  askPerson(
    {
      kind: promptKind(tool),
      tool,
      input,
      reason: null,
      parent_tool_id: context.parentToolId,
      tool_id: String(call.id),
    },
    context.output,
    context.signal,
  );

/** What a person sees: a whole path, and the plan from the file that the model has written. */
async function toShownInput(
  tool: string,
  input: Record<string, unknown>,
  context: CallContext,
): Promise<Record<string, unknown>> {
  const path = input['file_path'];
  if (typeof path === 'string') return { ...input, file_path: resolve(context.project, path) };
  if (tool !== 'ExitPlanMode') return input;
  return { ...input, plan: await readFile(context.planFile, 'utf8').catch(() => '') };
}

function deny(output: string, source: 'user_reject' | 'rule'): CallResult {
  const denied = parseDenial('permission-denied', { source }, output);
  return { output, isError: true, ...(denied ? { denied } : {}) };
}

const describeAnswers = (answers: Record<string, string>): string =>
  `User has answered your questions: ${Object.entries(answers)
    .map(([question, answer]) => `"${question}"="${answer}"`)
    .join(', ')}. You can now continue with the answers in mind.`;
