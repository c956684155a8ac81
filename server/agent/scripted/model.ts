import { setTimeout as delay } from 'node:timers/promises';
import type { ErrorCode } from '../../../contract/error.ts';
import type { Block } from '../../transcript/message-part.ts';
import { ModelError } from './model-error.ts';
import { addToBlock, type StreamEvent, startBlock } from './stream.ts';

export type ModelMessage = { role: 'user' | 'assistant'; content: string | object[] };

export type Usage = { input_tokens: number; output_tokens: number };

export type ModelReply = { id: string; model: string; blocks: Block[]; usage: Usage };

export type ModelRequest = { model: string; system: string; tools: object[]; messages: ModelMessage[] };

/** What a reader of the reply receives while it arrives. */
export type ReplyListener = {
  text(text: string): void;
  thinking(text: string): void;
  block(block: Block, messageId: string, model: string): void;
  retrying(reason: string, attempt: number, isCut: boolean): void;
};

/** Short, so that tests of retries are fast. */
const retryMs = 50;

const codes: Record<number, ErrorCode> = {
  401: 'not_logged_in',
  403: 'not_logged_in',
  404: 'model_unavailable',
  413: 'prompt_too_long',
  429: 'model_rate_limited',
  529: 'model_overloaded',
};

/** Sends a request to the model server and streams its reply; retries what can succeed later. */
export async function askModel(
  deps: { url: string; maxRetries: number; signal: AbortSignal },
  request: ModelRequest,
  on: ReplyListener,
): Promise<ModelReply> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await streamReply(deps, request, on);
    } catch (error) {
      deps.signal.throwIfAborted();
      const failure = toModelError(error);
      if (!failure.isTemporary || attempt > deps.maxRetries) throw failure;
      on.retrying(failure.reason, attempt, failure.isCut);
      await delay(retryMs, undefined, { signal: deps.signal });
    }
  }
}

function toModelError(error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  const detail = `Unable to connect to API: ${(error as Error).message}`;
  return new ModelError('model_unreachable', detail, { isTemporary: true });
}

async function streamReply(
  { url, signal }: { url: string; signal: AbortSignal },
  request: ModelRequest,
  on: ReplyListener,
): Promise<ModelReply> {
  const response = await fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ max_tokens: 32_000, stream: true, ...request }),
    signal,
  });
  if (!response.ok || !response.body) {
    const { status } = response;
    const detail = `API Error: ${status} ${await response.text()}`;
    throw new ModelError(codes[status] ?? 'agent_failed', detail, {
      isTemporary: status === 429 || status >= 500,
      reason: String(status),
    });
  }
  const cut = (detail: string) =>
    new ModelError('model_unreachable', detail, {
      isTemporary: true,
      isCut: true,
      reason: 'the stream was cut',
    });
  try {
    return await readReply(response.body as unknown as AsyncIterable<Uint8Array>, on);
  } catch (error) {
    throw cut((error as Error).message);
  }
}

/** Throws when the stream ends before the reply does. */
async function readReply(body: AsyncIterable<Uint8Array>, on: ReplyListener): Promise<ModelReply> {
  const reply: ModelReply = { id: '', model: '', blocks: [], usage: { input_tokens: 0, output_tokens: 0 } };
  let open: { block: Block; json: string } | null = null;
  for await (const event of readEvents(body)) {
    if (event.type === 'error') throw new Error(event.error?.message ?? 'error event');
    if (event.message) {
      Object.assign(reply, { id: event.message.id, model: event.message.model });
      reply.usage.input_tokens = event.message.usage.input_tokens;
    }
    if (event.usage) reply.usage.output_tokens = event.usage.output_tokens;
    if (event.content_block) open = startBlock(event.content_block);
    if (event.delta && open) addToBlock(open, event.delta, on);
    if (event.type === 'content_block_stop' && open) {
      if (open.json) open.block.input = JSON.parse(open.json);
      reply.blocks.push(open.block);
      on.block(open.block, reply.id, reply.model);
      open = null;
    }
    if (event.type === 'message_stop') return reply;
  }
  throw new Error('The reply was cut off.');
}

async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    const frames = pending.split('\n\n');
    pending = frames.pop() ?? '';
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data) yield JSON.parse(data) as StreamEvent;
    }
  }
}
