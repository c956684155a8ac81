import { asText } from '../../../transcript/plain-value.ts';
import type { AskedPrompt, PromptReply } from '../../port.ts';
import type { ControlRequest } from './channel.ts';

/** What a tool that asks is to a person. */
export const getPromptKind = (tool: string): AskedPrompt['kind'] =>
  tool === 'AskUserQuestion' ? 'question' : tool === 'ExitPlanMode' ? 'plan' : 'permission';

/** The prompt that a `can_use_tool` request is. */
export function toPrompt({ request_id, request }: ControlRequest, parentToolId: string | null): AskedPrompt {
  const tool = asText(request['tool_name']);
  const input = request['input'];
  const reason = request['decision_reason'] ?? request['description'];
  return {
    id: request_id,
    kind: getPromptKind(tool),
    tool,
    input: input && typeof input === 'object' ? (input as Record<string, unknown>) : {},
    reason: typeof reason === 'string' && reason ? reason : null,
    parent_tool_id: parentToolId,
    tool_id: typeof request['tool_use_id'] === 'string' ? request['tool_use_id'] : null,
  };
}

/** What the CLI wants as the answer. `updatedInput` is optional since 2.1.329, and needed before. */
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
