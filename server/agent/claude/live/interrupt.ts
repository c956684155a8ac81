import { setTimeout as delay } from 'node:timers/promises';
import type { ControlCommands } from './control-commands.ts';
import type { LiveTurns } from './turns.ts';

/** How long an interrupt may take before the process is killed; the CLI needs 30 ms. */
const interruptMs = 4000;

/** The CLI can ignore an interrupt between two steps: it is repeated at this interval. */
const repeatMs = 300;

/** Interrupts a turn until it ends; a process that does not obey is killed. `messageId` is null for its own turn. */
export async function interruptTurn(
  messageId: string | null,
  ended: Promise<unknown>,
  deps: { turns: Pick<LiveTurns, 'has'>; control: ControlCommands; kill(): Promise<void> },
): Promise<void> {
  const interrupt = async (): Promise<'ended'> => {
    while (deps.turns.has(messageId)) {
      // A message that was not begun is withdrawn, without harm to the one that runs.
      const isWithdrawn = messageId !== null && (await deps.control.cancelMessage(messageId));
      if (!isWithdrawn) await deps.control.interrupt();
      await Promise.race([ended, delay(repeatMs)]);
    }
    return 'ended';
  };
  const timeout = new AbortController();
  const outcome = await Promise.race([
    interrupt().catch(() => 'refused' as const),
    delay(interruptMs, 'late' as const, { signal: timeout.signal }).catch(() => 'ended' as const),
  ]);
  timeout.abort();
  if (outcome !== 'ended' && deps.turns.has(messageId)) await deps.kill();
  await ended;
}
