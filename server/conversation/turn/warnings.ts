import { setTimeout as delay } from 'node:timers/promises';
import type { TurnWarning } from '../../../contract/turn.ts';
import type { Agent, RunEnd } from '../../agent/port.ts';
import type { ActiveTurn } from '../state.ts';

/** The CLI writes an answer into its transcript up to 51 ms after it has said it; a busy disk takes longer. */
const patienceMs = 500;
const lookMs = 20;

const details: Record<TurnWarning['code'], string> = {
  transcript_lost:
    'The agent could not keep its transcript of this turn, so the next message may not know of it. ' +
    "Look whether the disk of the agent's home folder is full or read-only.",
  session_restarted:
    'The transcript of the earlier session is gone or cannot be used, so this turn began a new session, which knows nothing of what was said before.',
};

/** Has something said beside the answer of a turn, once. */
export function addWarning(
  { warnings }: Pick<ActiveTurn, 'warnings'>,
  code: TurnWarning['code'],
  more = '',
): void {
  if (!warnings.some((one) => one.code === code)) warnings.push({ code, detail: details[code] + more });
}

/** Says so if the transcript lacks the answer of a turn: the CLI itself ends well although it could not write. */
export async function checkTranscriptKept(
  active: ActiveTurn,
  end: RunEnd | null,
  project: string,
  { agent, now }: { agent: Pick<Agent, 'keepsAnswer'>; now(): Date },
): Promise<void> {
  const { turn, run } = active;
  // After /clear the session is another one, of which nothing need be on disk yet.
  if (end?.kind !== 'answer' || end.sessionId !== turn.session_id) return;
  const where = { project, from: turn.started_at ?? turn.created_at, to: now().toISOString() };
  // If the system cannot be asked now, that says nothing of the transcript.
  const isKept = () => agent.keepsAnswer(end, where).catch(() => true);
  let hasExited = false;
  void run?.exited.then(() => {
    hasExited = true;
  });
  for (let waited = 0; !(await isKept()); waited += lookMs) {
    if (hasExited || waited >= patienceMs)
      return (await isKept()) ? undefined : addWarning(active, 'transcript_lost');
    await Promise.race([delay(lookMs), run?.exited]);
  }
}
