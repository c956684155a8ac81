import type { HookAnswer } from '../../contract/hook.ts';
import type { PromptReply } from '../agent/port.ts';

/** A person's answer in the format of the hook. */
export function toHookAnswer(reply: PromptReply): HookAnswer {
  const decision =
    reply.decision === 'deny'
      ? { behavior: 'deny', message: reply.message, interrupt: reply.interrupt }
      : {
          behavior: 'allow',
          // Without its answers a question counts as not answered.
          updatedInput: reply.answers ? { ...reply.input, answers: reply.answers } : reply.input,
          ...(reply.permissionMode
            ? {
                updatedPermissions: [{ type: 'setMode', mode: reply.permissionMode, destination: 'session' }],
              }
            : {}),
        };
  return { hookSpecificOutput: { hookEventName: 'PermissionRequest', decision } };
}

/** A day: a question waits for a person as long as the terminal does. */
const hookTimeoutS = 86_400;

/** The settings with which a terminal tells us what it asks, while it asks it. */
export function buildHookSettings({
  url,
  token,
  permissionMode,
}: {
  url: string;
  token: string;
  permissionMode: string;
}): string {
  const hook = { type: 'http', url, timeout: hookTimeoutS, headers: { Authorization: `Bearer ${token}` } };
  const all = [{ matcher: '', hooks: [hook] }];
  // What was run needs no answer any more: of several questions at a time the CLI does not say which one was answered.
  const hooks = { PermissionRequest: all, PostToolUse: [{ matcher: '', hooks: [{ ...hook, timeout: 5 }] }] };
  // It would ask this before it can forward prompts; starting it here is the consent, as with `claude -p`.
  const answers = {
    enableAllProjectMcpServers: true,
    ...(permissionMode === 'bypassPermissions' ? { skipDangerousModePermissionPrompt: true } : {}),
  };
  return JSON.stringify({ ...answers, hooks }, null, 2);
}
