import { z } from 'zod';

/** What a tool that edits changed in a file, in lines. */
export const FileChange = z.object({ file: z.string(), added: z.number().int(), removed: z.number().int() });
export type FileChange = z.infer<typeof FileChange>;

/** Why a tool never ran: a person refused, nobody answered in time, or the mode or a rule of the agent forbids it. */
export const Denied = z.enum(['person', 'nobody', 'rule']);
export type Denied = z.infer<typeof Denied>;

const open = z.literal(true).optional().describe('it is still being written');

/** A piece of a message, in the order in which it was said. Long texts are clipped, with `clipped` set. */
export const MessagePart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string(), clipped: z.boolean().optional(), open }),
  z.object({ type: z.literal('thinking'), text: z.string(), clipped: z.boolean().optional(), open }),
  z.object({
    type: z.literal('tool'),
    id: z.string(),
    name: z.string(),
    input: z.string().describe('the input as JSON text'),
    output: z.string().nullable().describe('null until there is a result'),
    is_error: z.boolean(),
    clipped: z.boolean().optional(),
    change: FileChange.optional(),
    at: z.string().optional().describe('when it was called'),
    duration_ms: z
      .number()
      .int()
      .optional()
      .describe('how long it ran, without the time for which it waited for a person'),
    waited_ms: z.number().int().optional().describe('how long it waited for a person'),
    asked_at: z.string().optional().describe('set while a person is asked about it: since when'),
    denied: Denied.optional().describe('it never ran: why'),
    parent_tool_id: z
      .string()
      .optional()
      .describe('set on what a sub-agent does: the tool call that started it'),
  }),
  z.object({ type: z.literal('attachment'), media_type: z.string() }),
]);
export type MessagePart = z.infer<typeof MessagePart>;

/**
 * A message of the history. `user` is a person (or a program in their place), `assistant` the model,
 * `system` output of the CLI itself: a command's output, a compaction, a notice from background work.
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

/** What is known of a turn besides its messages: they are those from its start to its end. */
export const HistoryTurn = z.object({
  turn_id: z.string(),
  state: z.string(),
  started_at: z.string(),
  ended_at: z.string(),
  cost_usd: z.number(),
  waited_ms: z.number().int().optional().describe('how long it waited for a person'),
  attachments: z.array(z.string()).optional().describe('the names of the files that came with its message'),
});
export type HistoryTurn = z.infer<typeof HistoryTurn>;

/** A page of history, oldest message first; `before` is the cursor of the page before it, null at the start. */
export const HistoryPage = z.object({
  messages: z.array(HistoryMessage),
  turns: z
    .array(HistoryTurn)
    .describe('the turns of this server that these messages belong to, oldest first'),
  before: z.string().nullable(),
  session_id: z.string().nullable(),
});
export type HistoryPage = z.infer<typeof HistoryPage>;
