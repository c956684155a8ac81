import { z } from 'zod';
import { effectiveOptionsShape, shownOptionsShape } from './conversation-options.ts';
import { Prompt } from './prompt.ts';
import { LiveTurn, TurnSummary } from './turn.ts';

export const ConversationState = z.enum(['idle', 'queued', 'running', 'waiting']);

/** What a turn left running when it ended, or runs beside itself: a shell or a sub-agent. */
export const BackgroundTask = z.object({
  id: z.string(),
  kind: z.enum(['shell', 'agent', 'other']),
  description: z.string(),
  since: z.string(),
  tail: z.string().optional().describe('the last lines of its output; in the snapshot alone'),
});
export type BackgroundTask = z.infer<typeof BackgroundTask>;

/** How far a budget is used up. `warning` is true from 80 % on. */
export const Budget = z.object({
  limit_usd: z.number(),
  spent_usd: z.number(),
  warning: z.boolean(),
  reached: z.boolean(),
});
export type Budget = z.infer<typeof Budget>;

/** One row of the list of conversations. */
export const ConversationSummary = z.object({
  id: z.string(),
  session_id: z.string().nullable(),
  state: ConversationState,
  turn_id: z.string().nullable().describe('the running turn'),
  queued: z.number().int(),
  turn_count: z.number().int(),
  cost_usd: z.number().describe('sum of what its turns cost'),
  budget: Budget.nullable().describe('its own budget; null if it has none'),
  last_message: z.string().nullable().describe('the first 100 characters of the newest message'),
  created_at: z.string(),
  last_message_at: z.string(),
  ...shownOptionsShape,
  runs_with: z
    // The settings of the server always have a permission mode.
    .object({ ...effectiveOptionsShape, permission_mode: z.string() })
    .describe('what its next turn runs with, the settings of the server filled in; null: claude chooses'),
  live: z.boolean().describe('whether it has a live process'),
  in_terminal: z.boolean().describe('its session is open in a terminal that was started here'),
  at_desk: z.boolean().meta({ deprecated: true, description: 'use `in_terminal`' }),
});

/** The whole state of a conversation: enough to draw a page, with the cursor to follow its events from. */
export const ConversationSnapshot = ConversationSummary.extend({
  turn: LiveTurn.nullable().describe('the running turn, with its text so far'),
  steered: z.array(TurnSummary).describe('messages that were given to the running turn'),
  queue: z.array(TurnSummary),
  last_turn: TurnSummary.nullable().describe('the newest turn that ended'),
  prompts: z.array(Prompt).describe('what waits for a person'),
  background: z.array(BackgroundTask).describe('shells and sub-agents that run beside or after a turn'),
  context: z
    .object({ tokens: z.number().int(), window: z.number().int().nullable() })
    .nullable()
    .describe("how much of the model's context the newest request filled"),
  cursor: z.number().int().describe('follow the events with ?after=<cursor>'),
});

/** An entry of sessions.json, and of GET /api/sessions: the original system's fields, then ours. */
export const MappingEntry = z.looseObject({
  session_id: z.string().nullable(),
  created_at: z.string(),
  last_message_at: z.string(),
  turn_count: z.number(),
  last_message: z.string().nullable(),
});

export type ConversationSummary = z.infer<typeof ConversationSummary>;
export type ConversationSnapshot = z.infer<typeof ConversationSnapshot>;
export type MappingEntry = z.infer<typeof MappingEntry>;
