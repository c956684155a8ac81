import { z } from 'zod';

/** The name of a conversation: 1 to 64 of letters, digits, dot, underscore and dash; not `.` or `..`. */
export const ConvId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"')
  .refine((id) => !['.', '..', '__proto__'].includes(id), 'must not be ".", ".." or "__proto__"');

/** A session's id as the Claude CLI takes it: a UUID in lower case (upper case is refused by the CLI). */
export const SessionId = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'must be a UUID in lower case');

export const PermissionMode = z.enum([
  'acceptEdits',
  'auto',
  'bypassPermissions',
  'default',
  'dontAsk',
  'manual',
  'plan',
]);
export type PermissionMode = z.infer<typeof PermissionMode>;

/** How hard the model thinks. The CLI takes any word and ignores what it does not know. */
export const Effort = z.enum(['low', 'medium', 'high', 'xhigh', 'max']);

/** A model name or alias. It may not begin with a dash, so that it can never be read as an option. */
export const ModelName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.:@/[\]-]{0,127}$/, 'must be a model name such as "opus" or "claude-sonnet-5-5"');

/** What a push is sent for: a person is waited for, an answer has come, a turn has failed. */
export const NoticeKind = z.enum(['needs_me', 'finished', 'failed']);
export type NoticeKind = z.infer<typeof NoticeKind>;

/** An absolute folder on the server's machine; `~` stands for the person's home folder. */
export const ProjectPath = z.string().min(1).max(4096);

/** What happens to messages while a session is open in a terminal: they wait until it closes, or are typed into it. */
export const TerminalMessages = z.enum(['wait', 'terminal']);
export type TerminalMessages = z.infer<typeof TerminalMessages>;

export const ExtraArgs = z
  .array(
    z
      .string()
      .max(4000)
      .regex(/^[^\0]*$/, 'must not hold NUL'),
  )
  .max(32);
