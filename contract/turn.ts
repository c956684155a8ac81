import { z } from 'zod';
import { MessagePart } from './message.ts';
import { turnStates } from './turn-state.ts';

export const TurnState = z.enum(turnStates);
export type TurnState = z.infer<typeof TurnState>;

/** Where a turn comes from: a message, or background work of an earlier turn that had something to tell. */
export const TurnOrigin = z.enum(['message', 'background']);

/** A problem of a turn that was answered anyway. */
export const TurnWarning = z.object({
  code: z
    .enum(['transcript_lost', 'transcript_removed', 'session_restarted'])
    .describe(
      'transcript_lost: the agent did not keep this turn; transcript_removed: what it kept of earlier turns was deleted; ' +
        'session_restarted: it could not continue its earlier session',
    ),
  detail: z.string(),
});
export type TurnWarning = z.infer<typeof TurnWarning>;

/** What a completed turn answers; `cost` (USD) and `turns` are the CLI's `total_cost_usd` and `num_turns`. */
export const ChatAnswer = z.object({
  response: z.string(),
  session_id: z.string(),
  conv_id: z.string(),
  turn_id: z.string(),
  cost: z.number(),
  turns: z.number().int(),
  success: z.literal(true),
  error: z.null(),
  duration_ms: z.number().int().describe('from the start of the agent to its result'),
  usage: z.record(z.string(), z.unknown()),
  permission_denials: z.array(z.unknown()),
  structured_output: z.unknown().optional().describe('where `json_schema` asked for one'),
  warnings: z
    .array(TurnWarning)
    .optional()
    .describe('what went wrong beside the answer; left out if nothing did'),
});
export type ChatAnswer = z.infer<typeof ChatAnswer>;

/** The body of every error, as `application/problem+json`. */
export const ProblemBody = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  hint: z.string(),
  request_id: z.string().optional(),
  field: z.string().optional(),
  turn_id: z.string().optional(),
  candidates: z
    .array(z.object({ id: z.string(), project: z.string().nullable() }))
    .optional()
    .describe('the sessions that match an id prefix'),
  success: z.literal(false),
  error: z.string(),
});

/** A turn as the API shows it. `text` is what the model has written so far in this turn, or wrote at all. */
export const TurnSummary = z.object({
  turn_id: z.string(),
  conv_id: z.string(),
  state: TurnState,
  origin: TurnOrigin,
  message: z.string().describe('the message, at most its first 2,000 characters'),
  attachments: z.array(z.object({ name: z.string(), media_type: z.string(), bytes: z.number().int() })),
  steers: z.string().nullable().describe('the turn that this message was given to while it ran'),
  session_id: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  text: z.string(),
  result: ChatAnswer.nullable(),
  error: ProblemBody.nullable(),
});
export type TurnSummary = z.infer<typeof TurnSummary>;

/** A tool call that has not ended. */
export const OpenTool = z.object({
  tool_id: z.string(),
  name: z.string(),
  input: z.string(),
  parent_tool_id: z.string().nullable(),
});

/** A turn while it runs. */
export const LiveTurn = TurnSummary.extend({
  open_from: z.number().int().describe('where in `text` the message begins that is not whole yet'),
  tools: z.array(OpenTool).describe('tool calls that have not ended'),
  parts: z.array(MessagePart).describe('its output so far, oldest first; of a long turn the newest parts'),
  waits_since: z.string().nullish().describe('set while it waits for a person'),
  waited_ms: z.number().int().optional().describe('how long it waited for a person so far'),
  retrying: z.string().nullable().describe('why the request to the model is tried again'),
});
export type LiveTurn = z.infer<typeof LiveTurn>;
