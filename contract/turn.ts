import { z } from 'zod';

export const TurnState = z.enum(['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'interrupted']);
export type TurnState = z.infer<typeof TurnState>;

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
  success: z.literal(false),
  error: z.string(),
});

/** A turn as the API shows it. `text` is what the model has written so far in this turn, or wrote at all. */
export const TurnSummary = z.object({
  turn_id: z.string(),
  conv_id: z.string(),
  state: TurnState,
  message: z.string().describe('the message, at most its first 2,000 characters'),
  session_id: z.string().nullable(),
  created_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  text: z.string(),
  result: ChatAnswer.nullable(),
  error: ProblemBody.nullable(),
});
export type TurnSummary = z.infer<typeof TurnSummary>;
