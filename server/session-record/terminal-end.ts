import { setTimeout as delay } from 'node:timers/promises';
import type { Agent } from '../agent/port.ts';
import { type OutputLogs, stripEscapes } from '../terminal/output-log.ts';
import type { Multiplexer } from '../terminal/port.ts';
import { type EndFacts, resolveEndReason } from './end-reason.ts';
import { lastActivityFields } from './new-record.ts';
import type { SessionRecord } from './port.ts';

/** After this, the log holds what tmux's pipe still held when a process ended. */
const settleMs = 150;

/** tmux (3.3a) never reports the exit code of some processes. */
const exitTimeoutMs = 600;

/** How much of a log is read to find out how it ended. */
const tailBytes = 16_384;

export type TerminalEndDeps = {
  logs: OutputLogs;
  agent: Pick<Agent, 'transcripts'>;
  terminals: Pick<Multiplexer, 'listPanes' | 'getExitStatus' | 'closePane'>;
  now(): Date;
};

/** Closes the pane of a terminal whose process has ended, and returns how a record describes that end. */
export async function describeTerminalEnd(
  record: SessionRecord,
  { findOwnReason, endedAt }: { findOwnReason(): EndFacts['endedByUs']; endedAt: Date | null },
  { logs, agent, terminals, now }: TerminalEndDeps,
): Promise<Partial<SessionRecord>> {
  // If tmux hangs, the end is described without the exit status.
  const exit = await readExit(record.pid, terminals).catch(() => null);
  const endedByUs = findOwnReason();
  // A dead pane keeps people attached to it, and blocks its name.
  if (exit) await terminals.closePane({ id: exit.id, pid: record.pid });
  await delay(settleMs);
  const [log, activity] = await Promise.all([
    logs.about(record.id),
    agent.transcripts.readLastActivity(record.session_id).catch(() => null),
  ]);
  const tail = log?.bytes ? stripEscapes(await logs.tail(record.id, tailBytes)) : null;
  const [exitCode, signal] = [exit?.exitCode ?? null, exit?.signal ?? null];
  return {
    ended_at: (endedAt ?? log?.at ?? now()).toISOString(),
    reason: resolveEndReason({ endedByUs, activity, tail, exitCode, signal }),
    exit_code: exitCode,
    signal,
    ...lastActivityFields(activity),
  };
}

/** tmux notices an end a moment after it, and its exit code another moment later. */
async function readExit(
  pid: number,
  terminals: TerminalEndDeps['terminals'],
): ReturnType<Multiplexer['getExitStatus']> {
  for (let waitedMs = 0; ; waitedMs += settleMs) {
    const [exit, panes] = await Promise.all([terminals.getExitStatus(pid), terminals.listPanes()]);
    const isComplete = exit !== null && (exit.exitCode ?? exit.signal) !== null;
    if (isComplete || waitedMs >= exitTimeoutMs || !panes.some((pane) => pane.pid === pid)) return exit;
    await delay(settleMs);
  }
}
