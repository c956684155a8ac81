import { z } from 'zod';

/** What Claude Code in a terminal sends to its hooks, as far as it is used here (2.1.329). */
export const HookInput = z.looseObject({
  hook_event_name: z.string(),
  session_id: z.string().optional(),
  tool_name: z.string().optional(),
  tool_input: z.record(z.string(), z.unknown()).optional(),
});
export type HookInput = z.infer<typeof HookInput>;

/** What it is answered. An empty one decides nothing: then the terminal's own dialog does. */
export const HookAnswer = z.looseObject({
  hookSpecificOutput: z.looseObject({ hookEventName: z.string() }).optional(),
});
export type HookAnswer = z.infer<typeof HookAnswer>;
