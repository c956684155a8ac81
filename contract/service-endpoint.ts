import { z } from 'zod';
import { Budget } from './conversation.ts';

const Status = z.object({
  version: z.string(),
  started_at: z.string(),
  claude: z.object({
    found: z.boolean(),
    path: z.string().nullable(),
    version: z.string().nullable(),
    logged_in: z.boolean().nullable(),
    hint: z.string().nullable(),
  }),
  project: z.string(),
  host: z.string().describe('the address that it listens on'),
  tunnel: z.object({
    kind: z.enum(['none', 'ngrok']),
    state: z.enum(['off', 'connecting', 'open', 'failed']),
    url: z.string().nullable(),
    detail: z.string().nullable(),
  }),
  turns: z.object({ running: z.number().int(), queued: z.number().int() }),
  live: z.object({ open: z.number().int(), limit: z.number().int() }),
  prompts: z.number().int().describe('how many wait for a person'),
  budget_day: Budget.nullable().describe('BUDGET_DAY_USD and what today cost'),
  storage: z.object({
    writable: z.boolean(),
    detail: z.string().nullable(),
    // Files found damaged, lost or set aside since the start, each with an explanation.
    notes: z.array(z.object({ file: z.string(), text: z.string(), at: z.string() })),
  }),
  limits: z.object({
    max_concurrent_turns: z.number().int(),
    max_queued_turns: z.number().int(),
    timeout_s: z.number(),
    max_message_bytes: z.number().int(),
    max_attachments: z.number().int(),
    max_attachment_bytes: z.number().int().describe('of one message together'),
  }),
});

/** The shapes of the routes of `serviceRoutes`. */
export const serviceEndpoints = {
  health: {
    response: z.object({
      status: z.literal('healthy'),
      service: z.literal('switchboard'),
      version: z.string(),
    }),
  },
  status: { response: Status },
  metrics: { response: z.unknown() },
  openapi: { response: z.looseObject({}) },
} as const;
