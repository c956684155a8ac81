import { z } from 'zod';
import { BackgroundTask, ConversationSnapshot, ConversationSummary } from './conversation.ts';
import { Denied, FileChange, MessagePart } from './message.ts';
import { Prompt, PromptOutcome } from './prompt.ts';
import { ChatAnswer, ProblemBody, TurnOrigin, TurnSummary } from './turn.ts';

const common = { conv_id: z.string(), at: z.string() };
const ofTurn = { ...common, turn_id: z.string() };
/** Set on what a sub-agent does: the id of the tool call that started it. */
const parent_tool_id = z.string().nullable();
/** Why a turn has no answer: the fields of the error table. */
const problem = ProblemBody.omit({ type: true, candidates: true }).shape;

/** Every event from the agent to the screen. `id` is given by the journal and grows across restarts. */
export const Event = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('turn.queued'),
    ...ofTurn,
    message: z.string(),
    origin: TurnOrigin,
    attachments: TurnSummary.shape.attachments,
  }),
  z.object({
    type: z.literal('turn.changed'),
    ...ofTurn,
    message: z.string(),
    attachments: TurnSummary.shape.attachments,
  }),
  z.object({ type: z.literal('queue.reordered'), ...common, turn_ids: z.array(z.string()) }),
  z.object({
    type: z.literal('turn.started'),
    ...ofTurn,
    session_id: z.string(),
    steers: z.string().nullable(),
  }),
  z.object({
    type: z.literal('turn.retrying'),
    ...ofTurn,
    reason: z.string(),
    attempt: z.number(),
    discard_text: z.boolean().describe('true: forget the text since the last whole message'),
  }),
  z.object({ type: z.literal('text.delta'), ...ofTurn, text: z.string() }),
  z.object({ type: z.literal('thinking.delta'), ...ofTurn, text: z.string() }),
  z.object({
    type: z.literal('message'),
    ...ofTurn,
    message_id: z.string(),
    text: z.string(),
    parts: z.array(MessagePart),
    parent_tool_id,
  }),
  z.object({
    type: z.literal('tool.started'),
    ...ofTurn,
    tool_id: z.string(),
    name: z.string(),
    input: z.string(),
    change: FileChange.optional(),
    parent_tool_id,
  }),
  z.object({
    type: z.literal('tool.finished'),
    ...ofTurn,
    tool_id: z.string(),
    output: z.string(),
    is_error: z.boolean(),
    denied: Denied.optional(),
    parent_tool_id,
  }),
  z.object({ type: z.literal('prompt.opened'), ...ofTurn, prompt: Prompt }),
  z.object({
    type: z.literal('prompt.closed'),
    ...ofTurn,
    prompt_id: z.string(),
    outcome: PromptOutcome,
    by: z.string().nullable(),
  }),
  z.object({ type: z.literal('background.changed'), ...common, tasks: z.array(BackgroundTask) }),
  z.object({
    type: z.literal('background.ended'),
    ...common,
    task: BackgroundTask,
    status: z.enum(['completed', 'failed', 'killed']),
    summary: z.string(),
  }),
  z.object({
    type: z.literal('usage'),
    ...ofTurn,
    usage: z.record(z.string(), z.unknown()),
    context: ConversationSnapshot.shape.context,
  }),
  z.object({ type: z.literal('turn.completed'), ...ofTurn, ...ChatAnswer.shape }),
  z.object({ type: z.literal('turn.failed'), ...ofTurn, ...problem, text: z.string() }),
  z.object({ type: z.literal('turn.cancelled'), ...ofTurn, ...problem, text: z.string() }),
  z.object({ type: z.literal('turn.interrupted'), ...ofTurn, ...problem, text: z.string() }),
  z.object({
    type: z.literal('conversation.changed'),
    ...common,
    conversation: ConversationSummary.nullable().describe('null when it was deleted'),
  }),
]);
export type Event = z.infer<typeof Event>;
export type EventType = Event['type'];

/** An event with the id that the journal gave it. */
export type StoredEvent = Event & { id: number };

/**
 * Sent in place of events that are no longer stored: the current state, from which a reader can continue.
 * Its `id` is the cursor. `conversation` is set on the stream of one conversation, `conversations` on that of all.
 */
export const ResetEvent = z.object({
  type: z.literal('reset'),
  id: z.number().int(),
  at: z.string(),
  conversation: ConversationSnapshot.nullable(),
  conversations: z.array(ConversationSummary),
  prompts: z.array(Prompt),
});
export type ResetEvent = z.infer<typeof ResetEvent>;

/**
 * The last event of a stream when the server shuts down. Accepted messages are kept and run when it is back.
 * It is not in the journal and has no id. `turn_id` is set on the stream of one turn.
 */
export const ShutdownEvent = z.object({
  type: z.literal('shutdown'),
  at: z.string(),
  turn_id: z.string().optional(),
  code: z.string(),
  detail: z.string(),
  hint: z.string(),
});
export type ShutdownEvent = z.infer<typeof ShutdownEvent>;

/**
 * Whether an event is a detail: a piece of what a turn says and does. Readers of all conversations get the details
 * of none, or of one that they name. The journal keeps the flag with each event.
 */
export const isDetail: Readonly<Record<EventType, boolean>> = {
  'turn.queued': false,
  'turn.changed': false,
  'queue.reordered': false,
  'turn.started': false,
  'turn.retrying': false,
  'text.delta': true,
  'thinking.delta': true,
  message: true,
  'tool.started': true,
  'tool.finished': true,
  'prompt.opened': false,
  'prompt.closed': false,
  'background.changed': false,
  'background.ended': false,
  usage: true,
  'turn.completed': false,
  'turn.failed': false,
  'turn.cancelled': false,
  'turn.interrupted': false,
  'conversation.changed': false,
};
