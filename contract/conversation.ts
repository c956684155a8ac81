import { z } from 'zod';
import { TurnSummary } from './turn.ts';

/** The name of a conversation: 1 to 64 of letters, digits, dot, underscore and dash; not `.` or `..`. */
export const ConvId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"')
  .refine((id) => !['.', '..', '__proto__'].includes(id), 'must not be ".", ".." or "__proto__"');

/** A session's id as the Claude CLI takes it: a UUID in lower case (upper case is refused by the CLI). */
export const SessionId = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'must be a UUID in lower case');

export const PermissionMode = z.enum(['acceptEdits', 'auto', 'bypassPermissions', 'default', 'dontAsk', 'manual', 'plan']);

/** A model name or alias. It may not begin with a dash, so that it can never be read as an option. */
export const ModelName = z.string().regex(/^[A-Za-z0-9][\w.:@/[\]-]{0,127}$/, 'must be a model name such as "opus" or "claude-sonnet-5-5"');

/** An absolute folder on the server's machine; `~` stands for the person's home folder. */
export const ProjectPath = z.string().min(1).max(4096);

/** What one can set on a conversation; null takes the value of the server's settings. */
export const ConversationOptions = z.object({
  title: z.string().trim().min(1).max(200).optional(),
  project: ProjectPath.optional(),
  model: ModelName.nullable().optional(),
  permission_mode: PermissionMode.nullable().optional(),
  allowed_tools: z.string().max(4000).nullable().optional(),
  extra_args: z
    .array(
      z
        .string()
        .max(4000)
        .regex(/^[^\0]*$/, 'must not hold NUL'),
    )
    .max(32)
    .nullable()
    .optional(),
});

export const CreateConversation = ConversationOptions.extend({
  id: ConvId.optional(),
  session_id: SessionId.optional(),
});

/** A field that is not known is refused: who changes something must not believe that it was done. */
export const ChangeConversation = z.strictObject({ ...ConversationOptions.shape, archived: z.boolean().optional() });

export const ConversationState = z.enum(['idle', 'queued', 'running', 'waiting']);

/** One row of the list of conversations. */
export const ConversationSummary = z.object({
  id: z.string(),
  title: z.string(),
  session_id: z.string().nullable(),
  project: z.string(),
  state: ConversationState,
  turn_id: z.string().nullable().describe('the running turn'),
  queued: z.number().int(),
  turn_count: z.number().int(),
  cost_usd: z.number().describe('sum of what its turns cost'),
  last_message: z.string().nullable().describe('the first 100 characters of the newest message'),
  created_at: z.string(),
  last_message_at: z.string(),
  archived: z.boolean(),
  model: z.string().nullable(),
  permission_mode: z.string().nullable(),
});

/** The whole state of a conversation: enough to draw a page, with the cursor to follow its events from. */
export const ConversationSnapshot = ConversationSummary.extend({
  allowed_tools: z.string().nullable(),
  extra_args: z.array(z.string()).nullable(),
  turn: TurnSummary.nullable().describe('the running turn, with its text so far'),
  queue: z.array(TurnSummary),
  last_turn: TurnSummary.nullable().describe('the newest turn that ended'),
  prompts: z.array(z.unknown()),
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
export type ConversationOptions = z.infer<typeof ConversationOptions>;
export type MappingEntry = z.infer<typeof MappingEntry>;
