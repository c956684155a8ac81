import { parseDenial } from '../../transcript/denial.ts';
import { type Block, maxToolText, textOf, toolOutput, toPart } from '../../transcript/message-part.ts';
import { asText, figure } from '../../transcript/plain-value.ts';
import { truncateText } from '../../transcript/truncate.ts';
import type { AgentOutput } from '../port.ts';
import type { AssistantLine, CliLine, StreamLine, UserLine } from './protocol.ts';
import { limitRecord } from './size-limit.ts';

/** The output of a run that a line reports. */
export function decodeLine(line: CliLine): AgentOutput[] {
  switch (line.type) {
    case 'stream_event':
      return decodeStream(line);
    case 'assistant':
      // The result reports the failure of a request; it is not the model's text.
      return line.isApiError ? [] : line.content.flatMap((block) => decodeBlock(block, line));
    case 'user':
      return line.content
        .filter((block) => block.type === 'tool_result')
        .map((block) => decodeToolResult(block, line));
    case 'api_retry':
      return [{ type: 'retrying', reason: line.reason, attempt: line.attempt, discard_text: false }];
    case 'session_writes_lost':
      return [
        {
          type: 'warning',
          code: 'transcript_lost',
          text: `claude could not write its transcript: ${line.errorCode}`,
        },
      ];
    default:
      return [];
  }
}

function decodeStream({ parentToolId, isAbandoned, delta }: StreamLine): AgentOutput[] {
  if (parentToolId) return [];
  if (isAbandoned)
    return [{ type: 'retrying', reason: 'the stream was cut', attempt: 1, discard_text: true }];
  if (!delta) return [];
  if (delta.type !== 'usage') return [delta];
  const { usage } = delta;
  return [{ type: 'usage', usage: limitRecord(usage), contextTokens: countContextTokens(usage) }];
}

function decodeBlock(block: Block, { messageId, parentToolId }: AssistantLine): AgentOutput[] {
  const part = toPart(block);
  if (!part) return [];
  if (part.type !== 'tool') {
    const text = textOf([part]);
    return [{ type: 'message', message_id: messageId, text, parts: [part], parent_tool_id: parentToolId }];
  }
  const { id, name, input, change } = part;
  return [
    {
      type: 'tool.started',
      tool_id: id,
      name,
      input,
      parent_tool_id: parentToolId,
      ...(change ? { change } : {}),
    },
  ];
}

function decodeToolResult(block: Block, { resultMeta, parentToolId }: UserLine): AgentOutput {
  const toolId = asText(block.tool_use_id);
  const meta = resultMeta.find((one) => one.toolId === toolId);
  const output = toolOutput(block.content);
  const isError = block.is_error === true;
  const denied = isError ? parseDenial(meta?.nonExecutionKind, meta?.decision, output) : undefined;
  return {
    type: 'tool.finished',
    tool_id: toolId,
    output: truncateText(output, maxToolText).text,
    is_error: isError,
    ...(denied ? { denied } : {}),
    parent_tool_id: parentToolId,
  };
}

/** The part of the model's context that a request and its reply fill. */
function countContextTokens(usage: Record<string, unknown>): number {
  const names = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens'];
  return names.reduce((sum, name) => sum + figure(usage[name]), 0);
}
