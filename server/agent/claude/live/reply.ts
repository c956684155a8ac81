import type { AskedPrompt, PromptReply } from '../../port.ts';
import type { ControlRequest } from '../protocol.ts';

/** What a person is asked when a tool needs approval. */
export function getPromptKind(tool: string): AskedPrompt['kind'] {
  if (tool === 'AskUserQuestion') return 'question';
  return tool === 'ExitPlanMode' ? 'plan' : 'permission';
}

/** The prompt of a `can_use_tool` request. */
export function toPrompt(
  requestId: string,
  { tool, toolId, input, reason }: Extract<ControlRequest, { subtype: 'can_use_tool' }>,
  parentToolId: string | null,
): AskedPrompt {
  const kind = getPromptKind(tool);
  return { id: requestId, kind, tool, input, reason, parent_tool_id: parentToolId, tool_id: toolId };
}

/** The answer that the CLI expects. `updatedInput` is optional since 2.1.329, and needed before. */
export function toResponse(reply: PromptReply): object {
  if (reply.decision === 'deny')
    return { behavior: 'deny', message: reply.message, ...(reply.interrupt ? { interrupt: true } : {}) };
  const mode = reply.permissionMode;
  return {
    behavior: 'allow',
    updatedInput: reply.answers ? { ...reply.input, answers: reply.answers } : reply.input,
    ...(mode ? { updatedPermissions: [{ type: 'setMode', mode, destination: 'session' }] } : {}),
  };
}
