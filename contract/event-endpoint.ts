import { z } from 'zod';
import { ConvId } from './common.ts';
import { Event, ResetEvent } from './event.ts';
import { ConvParams, count } from './query.ts';

const Cursor = z.object({
  after: count(0, Number.MAX_SAFE_INTEGER).optional(),
  wait_s: z.coerce
    .number()
    .min(0)
    .max(300)
    .optional()
    .describe('answer as JSON, waiting up to that long for the first event'),
});

/** What the events are as JSON, with `wait_s`. */
const EventPage = z.object({
  events: z.array(z.union([Event, ResetEvent])),
  cursor: z.number().int().describe('pass it as ?after= for what comes next'),
});

/** The shapes of the routes of `eventRoutes`. */
export const eventEndpoints = {
  followConversation: { params: ConvParams, query: Cursor, response: EventPage },
  followAll: {
    query: Cursor.extend({
      detail: ConvId.optional().describe('what turns say and do is wanted of this conversation alone'),
    }),
    response: EventPage,
  },
} as const;
