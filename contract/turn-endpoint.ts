import { z } from 'zod';
import { Prompt } from './prompt.ts';
import { ConvParams } from './query.ts';
import { AcceptTurn, SendMessage } from './send-message.ts';
import { TurnState, TurnSummary } from './turn.ts';
import { TurnChanges, Undone, UndoTurn } from './undo.ts';

const TurnParams = z.object({ id: z.string().min(1).max(64) });

/** The shapes of the routes of `turnRoutes`. */
export const turnEndpoints = {
  acceptTurn: {
    params: ConvParams,
    body: AcceptTurn,
    keepsNul: ['message'],
    response: z.object({ turn_id: z.string(), conv_id: z.string(), state: TurnState }),
  },
  readTurn: {
    params: TurnParams,
    query: z.object({
      wait_s: z.coerce.number().min(0).max(3600).default(0),
      for: z
        .enum(['news', 'end'])
        .default('news')
        .describe('news: its end, or that it waits for a person; end: its end alone'),
    }),
    response: TurnSummary.extend({ prompts: z.array(Prompt).describe('what it waits for') }),
  },
  changeTurn: {
    params: TurnParams,
    body: SendMessage.partial().strict(),
    keepsNul: ['message'],
    response: TurnSummary,
  },
  deleteTurn: { params: TurnParams, response: TurnSummary },
  promoteTurn: { params: TurnParams, response: TurnSummary },
  readChanges: { params: TurnParams, response: TurnChanges },
  undoTurn: { params: TurnParams, body: UndoTurn, response: Undone },
  cancelTurn: { params: TurnParams, response: TurnSummary },
} as const;
