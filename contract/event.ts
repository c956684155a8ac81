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
 * What a reader gets in place of events that are no longer kept: how things stand, to go on from there.
 * Its `id` is the cursor. `conversation` is set for the events of one, `conversations` for those of all.
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
 * The last word of a stream when the server shuts down: the server will be back, and what was accepted is kept.
 * It has no id, since it is no part of the journal. `turn_id` is set on the stream of one turn.
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

/** The types after which no further event of a turn follows. */
export const finalTypes: readonly EventType[] = [
  'turn.completed',
  'turn.failed',
  'turn.cancelled',
  'turn.interrupted',
];
