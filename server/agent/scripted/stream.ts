import type { Block } from '../../transcript/message-part.ts';

type Delta = { type?: string; text?: string; thinking?: string; partial_json?: string };

/** An event of a streamed reply, as far as it is used here. */
export type StreamEvent = {
  type: string;
  error?: { message?: string };
  message?: { id: string; model: string; usage: { input_tokens: number } };
  usage?: { output_tokens: number };
  content_block?: Block;
  delta?: Delta;
};

export type OpenBlock = { block: Block; json: string };

export const startBlock = (block: Block): OpenBlock => ({ block: { ...block }, json: '' });

export function addToBlock(
  open: OpenBlock,
  delta: Delta,
  on: { text(text: string): void; thinking(text: string): void },
): void {
  if (delta.type === 'text_delta') {
    open.block.text = (open.block.text ?? '') + (delta.text ?? '');
    on.text(delta.text ?? '');
  } else if (delta.type === 'thinking_delta') {
    open.block.thinking = (open.block.thinking ?? '') + (delta.thinking ?? '');
    on.thinking(delta.thinking ?? '');
  } else if (delta.type === 'input_json_delta') {
    open.json += delta.partial_json ?? '';
  }
}
