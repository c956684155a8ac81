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
  transcript_removed:
    'The transcript of this session was deleted or replaced while its process was running. What was said before is gone ' +
    'from its history and from search, and the agent will not know it once that process ends. Restore the file from a ' +
    'backup if you have one.',
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

/** Adds a warning if the transcript lacks the answer of a turn, or what came before it: the CLI itself says neither. */
export async function checkTranscriptKept(
  active: ActiveTurn,
  end: RunEnd | null,
  project: string,
  deps: { agent: Pick<Agent, 'transcripts'>; now(): Date },
): Promise<void> {
  const { turn } = active;
  // After /clear the session is another one, of which nothing need be on disk yet.
  if (end?.kind !== 'answer' || end.sessionId !== turn.session_id) return;
  const from = turn.started_at ?? turn.created_at;
  if (!(await waitForAnswer(active, end, { project, from, to: deps.now().toISOString() }, deps.agent)))
    addWarning(active, 'transcript_lost');
  if (await deps.agent.transcripts.lacksBeginning(end.sessionId, project, from).catch(() => false))
    addWarning(active, 'transcript_removed');
}

/** Whether the answer is in the transcript, now or soon. */
async function waitForAnswer(
  { run }: ActiveTurn,
  end: Extract<RunEnd, { kind: 'answer' }>,
  where: { project: string; from: string; to: string },
  agent: Pick<Agent, 'transcripts'>,
): Promise<boolean> {
  // If the system cannot be asked now, that says nothing of the transcript.
  const isKept = () => agent.transcripts.keepsAnswer(end, where).catch(() => true);
  let hasExited = false;
  void run?.exited.then(() => {
    hasExited = true;
  });
  for (let waited = 0; !(await isKept()); waited += lookMs) {
    if (hasExited || waited >= patienceMs) return isKept();
    await Promise.race([delay(lookMs), run?.exited]);
  }
  return true;
}
