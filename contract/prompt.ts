import { z } from 'zod';
import { PermissionMode } from './common.ts';

/** What waits for a person: a permission, a question, a plan, or a budget that is used up. */
export const PromptKind = z.enum(['permission', 'question', 'plan', 'budget']);
export type PromptKind = z.infer<typeof PromptKind>;

/** What a rule could allow beyond exactly what is asked. */
export const RuleOffer = z.union([
  z.object({ command: z.string().describe('every command that begins with these words') }),
  z.object({ folder: z.string().describe('the tool in all of this folder') }),
]);
export type RuleOffer = z.infer<typeof RuleOffer>;

/** Something that a turn waits for. It has no time limit unless PROMPT_TIMEOUT_S sets one. */
export const Prompt = z.object({
  id: z.string(),
  kind: PromptKind,
  conv_id: z.string(),
  turn_id: z.string(),
  tool: z.string(),
  input: z
    .record(z.string(), z.unknown())
    .describe('what the tool would get; for a question its `questions`, for a plan its `plan`'),
  reason: z.string().nullable().describe('why the agent asks, in its own words'),
  risks: z.array(z.string()).describe('why it looks risky, in plain words; empty where nothing does'),
  project: z.string(),
  parent_tool_id: z.string().nullable().describe('set where a sub-agent asks: the tool call that started it'),
  tool_id: z.string().nullish().describe('the tool call that waits, if the agent says so'),
  offers: z
    .array(RuleOffer)
    .optional()
    .describe('rules that are safe to offer besides one for exactly what is asked'),
  opened_at: z.string(),
});
export type Prompt = z.infer<typeof Prompt>;

/** How a prompt came to its end. `withdrawn`: its turn ended or was stopped; `restarted`: the server ended. */
export const PromptOutcome = z.enum(['allowed', 'denied', 'timed_out', 'withdrawn', 'restarted']);
export type PromptOutcome = z.infer<typeof PromptOutcome>;

/** For how long an allowance holds, and what it covers besides exactly what was asked. */
export const Remember = z.union([
  z.enum(['once', 'conversation', 'always']),
  z.strictObject({
    for: z.enum(['conversation', 'always', 'until']),
    until: z.iso.datetime({ offset: true }).optional().describe('needed with "until"'),
    command: z
      .string()
      .min(1)
      .max(4000)
      .optional()
      .describe('whole words with which the asked command begins: what begins so is allowed too'),
    folder: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('a folder that holds the asked file: the tool is allowed in all of it'),
  }),
]);
export type Remember = z.infer<typeof Remember>;

/** The answer to a prompt. */
export const PromptAnswer = z.strictObject({
  decision: z.enum(['allow', 'deny']),
  message: z.string().max(20_000).nullish().describe('words for the model, with deny'),
  interrupt: z.boolean().nullish().describe('with deny: stop the turn as well'),
  updated_input: z
    .record(z.string(), z.unknown())
    .nullish()
    .describe('with allow: run the tool with this input instead'),
  answers: z
    .record(z.string(), z.union([z.string(), z.array(z.string())]))
    .nullish()
    .describe("for a question: each question's text with the chosen label, several labels, or free text"),
  permission_mode: PermissionMode.nullish().describe('for an accepted plan: the mode to go on in'),
  remember: Remember.nullish().describe('for a permission: ask no more for this, for a while'),
});
export type PromptAnswer = z.infer<typeof PromptAnswer>;

/** An allowance that a person gave: calls that it covers are not asked about. It holds in one project. */
export const Rule = z.object({
  id: z.string(),
  tool: z.string(),
  match: z.discriminatedUnion('by', [
    z.object({
      by: z.literal('command'),
      command: z.string(),
      exact: z.boolean().describe('false: all that begins with these words'),
    }),
    z.object({ by: z.literal('file'), file: z.string() }),
    z.object({ by: z.literal('folder'), folder: z.string() }),
    z.object({ by: z.literal('input'), input: z.string().describe('the whole input as JSON text') }),
  ]),
  project: z.string(),
  conv_id: z.string().nullable().describe('null: in every conversation of the project'),
  until: z.string().nullable(),
  created_at: z.string(),
  created_by: z.string(),
  allows_anything: z
    .boolean()
    .optional()
    .describe('its program runs what it is given: the rule allows any command'),
});
export type Rule = z.infer<typeof Rule>;

/** A decision: who took it, when, from where, about what. */
export const AuditEntry = z.object({
  id: z.number().int(),
  at: z.string(),
  action: z.enum([
    'prompt.allowed',
    'prompt.denied',
    'prompt.timed_out',
    'prompt.withdrawn',
    'prompt.restarted',
    'rule.used',
    'rule.created',
    'rule.revoked',
  ]),
  actor: z.string().describe('a user, a token by its label, or "switchboard" itself'),
  address: z.string().nullable(),
  conv_id: z.string().nullable(),
  turn_id: z.string().nullable(),
  prompt_id: z.string().nullable(),
  rule_id: z.string().nullable(),
  tool: z.string().nullable(),
  input: z.string().nullable().describe('the beginning of the input as JSON text'),
  detail: z.string().nullable().describe('the words, answers or changes that went with it'),
});
export type AuditEntry = z.infer<typeof AuditEntry>;
