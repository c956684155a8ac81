import { z } from 'zod';
import { AuditEntry, Prompt, PromptAnswer, PromptOutcome, Rule } from './prompt.ts';
import { count } from './query.ts';

/** The shapes of the routes of `promptRoutes`. */
export const promptEndpoints = {
  listPrompts: { response: z.object({ prompts: z.array(Prompt) }) },
  answerPrompt: {
    params: z.object({ id: z.string().min(1).max(64) }),
    body: PromptAnswer,
    keepsNul: ['message', 'updated_input'],
    response: z.object({
      id: z.string(),
      outcome: PromptOutcome,
      turn_id: z.string(),
      rule: Rule.nullable(),
    }),
  },
  listRules: { response: z.object({ rules: z.array(Rule) }) },
  revokeRule: {
    params: z.object({ id: z.string().min(1).max(64) }),
    response: z.object({ revoked: z.string() }),
  },
  audit: {
    query: z.object({
      limit: count(1, 1000).default(100),
      before: count(1, Number.MAX_SAFE_INTEGER).optional(),
    }),
    response: z.object({
      entries: z.array(AuditEntry),
      before: z.number().int().nullable().describe('pass it as ?before= for older ones'),
    }),
  },
} as const;
