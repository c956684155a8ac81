import { StringDecoder } from 'node:string_decoder';
import { parseDenial } from '../../transcript/denial.ts';
import { createLineSplitter, parseLine } from '../../transcript/jsonl.ts';
import {
  type Block,
  maxToolText,
  textOf,
  toBlocks,
  toolOutput,
  toPart,
} from '../../transcript/message-part.ts';
import { asText, figure } from '../../transcript/plain-value.ts';
import { truncateText } from '../../transcript/truncate.ts';
import type { AgentOutput } from '../port.ts';
import { boundedRecord } from './result.ts';
import { createStringClipper } from './string-clipper.ts';

/** A line of the CLI's output, as far as it is used here; unknown types are passed over. */
export type Line = Record<string, unknown> & {
  type?: string;
  subtype?: string;
  parent_tool_use_id?: string | null;
  message?: { id?: string; content?: unknown };
};

type StreamEvent = {
  type?: string;
  delta?: { type?: string; text?: string; thinking?: string };
  usage?: Record<string, unknown>;
};

/** Background work that a turn is not done without. A shell (`local_bash`) and a monitor hold nothing back. */
export const holdsTurn = (taskType: unknown) => /agent|workflow/.test(asText(taskType));

/** The longest answer that is handed on; the transcript has all of a longer one. */
const maxString = 2_000_000;
const cutMark = ' … [cut here: the transcript has the whole text]';

/** Gives the lines of a process's output as they come. What is no JSON object is an empty line. */
export function createLineReader() {
  const splitter = createLineSplitter();
  const utf8 = new StringDecoder('utf8');
  const clipStrings = createStringClipper(maxString, cutMark);
  return {
    push: (chunk: Buffer): Line[] =>
      splitter.push(clipStrings(utf8.write(chunk))).map((text) => (parseLine(text) ?? {}) as Line),
    /** What stood behind the last LF when the output ended. */
    rest: (): Line => (parseLine(splitter.rest()) ?? {}) as Line,
  };
}

/**
 * What a line of the stream-json format says; the json format is its last line alone. A line is judged by
 * its `type`: the order of keys differs by version.
 */
export function decodeLine(line: Line): AgentOutput[] {
  const parent = asText(line.parent_tool_use_id) || null;
  switch (line.type) {
    case 'stream_event':
      return parent ? [] : decodeStreamEvent((line.event ?? {}) as StreamEvent, line);
    case 'assistant':
      // The failure of a request is told by the result, not as the model's words.
      return line.error || line.is_api_error_message ? [] : decodeAssistant(line, parent);
    case 'user':
      return toBlocks(line.message?.content)
        .filter((block) => block.type === 'tool_result')
        .map((block) => decodeResult(block, line, parent));
    case 'system':
      return decodeSystem(line);
    default:
      return [];
  }
}

type ResultMeta = { id?: unknown; non_execution_kind?: unknown; permission_decision?: unknown };

function decodeResult(block: Block, line: Line, parent: string | null): AgentOutput {
  const metas = Array.isArray(line.tool_result_meta) ? (line.tool_result_meta as (ResultMeta | null)[]) : [];
  const meta = metas.find((one) => one?.id === block.tool_use_id);
  const output = toolOutput(block.content);
  const denied =
    block.is_error === true
      ? parseDenial(meta?.non_execution_kind, meta?.permission_decision, output)
      : undefined;
  return {
    type: 'tool.finished',
    tool_id: asText(block.tool_use_id),
    output: truncateText(output, maxToolText).text,
    is_error: block.is_error === true,
    ...(denied ? { denied } : {}),
    parent_tool_id: parent,
  };
}

function decodeSystem(line: Line): AgentOutput[] {
  switch (line.subtype) {
    case 'api_retry': {
      const reason = asText(line.error ?? line.error_status ?? 'connection lost');
      return [{ type: 'retrying', reason, attempt: figure(line.attempt, 1), discard_text: false }];
    }
    case 'session_writes_lost':
      return [
        {
          type: 'warning',
          code: 'transcript_lost',
          text: `claude could not write its transcript: ${asText(line.error_code)}`,
        },
      ];
    default:
      return [];
  }
}

function decodeStreamEvent(event: StreamEvent, line: Line): AgentOutput[] {
  if (line.abandoned_blocks)
    return [{ type: 'retrying', reason: 'the stream was cut', attempt: 1, discard_text: true }];
  if (event.type === 'message_delta' && event.usage)
    return [{ type: 'usage', usage: boundedRecord(event.usage), contextTokens: contextTokens(event.usage) }];
  if (event.type !== 'content_block_delta') return [];
  if (event.delta?.type === 'text_delta' && event.delta.text)
    return [{ type: 'text', text: asText(event.delta.text) }];
  if (event.delta?.type === 'thinking_delta' && event.delta.thinking)
    return [{ type: 'thinking', text: asText(event.delta.thinking) }];
  return [];
}

/** One line has one block of a message; those of one message share its id. */
function decodeAssistant(line: Line, parent: string | null): AgentOutput[] {
  return toBlocks(line.message?.content).flatMap((block: Block): AgentOutput[] => {
    const part = toPart(block);
    if (!part) return [];
    if (part.type === 'tool') {
      const { id, name, input, change } = part;
      return [
        {
          type: 'tool.started',
          tool_id: id,
          name,
          input,
          parent_tool_id: parent,
          ...(change ? { change } : {}),
        },
      ];
    }
    return [
      {
        type: 'message',
        message_id: asText(line.message?.id),
        text: textOf([part]),
        parts: [part],
        parent_tool_id: parent,
      },
    ];
  });
}

/** What a request and its reply fill of the model's context. */
function contextTokens(usage: Record<string, unknown>): number {
  const names = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens', 'output_tokens'];
  return names.reduce((sum, name) => sum + figure(usage[name]), 0);
}
