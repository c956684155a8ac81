import { z } from 'zod';

/** A piece of a message, in the order in which it was said. Long texts are clipped, with `clipped` set. */
export const MessagePart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string(), clipped: z.boolean().optional() }),
  z.object({ type: z.literal('thinking'), text: z.string(), clipped: z.boolean().optional() }),
  z.object({
    type: z.literal('tool'),
    id: z.string(),
    name: z.string(),
    input: z.string().describe('the input as JSON text'),
    output: z.string().nullable().describe('null while there is no result'),
    is_error: z.boolean(),
    clipped: z.boolean().optional(),
  }),
  z.object({ type: z.literal('attachment'), media_type: z.string() }),
]);
export type MessagePart = z.infer<typeof MessagePart>;

/**
 * A message of the history. `user` is a person (or a program in their place), `assistant` the model,
 * `system` what the CLI said by itself: a command's output, a compaction, a notice from background work.
 */
export const HistoryMessage = z.object({
  id: z.string(),
  role: z.enum(['user', 'assistant', 'system']),
  at: z.string(),
  text: z.string().describe('all its text parts together'),
  parts: z.array(MessagePart),
  kind: z.enum(['command', 'output', 'compaction', 'summary', 'background', 'error']).optional(),
  model: z.string().optional(),
});
export type HistoryMessage = z.infer<typeof HistoryMessage>;

/** A page of history, oldest message first; `before` is the cursor of the page before it, null at the start. */
export const HistoryPage = z.object({
  messages: z.array(HistoryMessage),
  before: z.string().nullable(),
  session_id: z.string().nullable(),
});
export type HistoryPage = z.infer<typeof HistoryPage>;
