import { isEnded } from '../../contract/turn-state.ts';
import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Turn } from '../store/port.ts';
import type { ConversationRecords } from './records.ts';

/** Makes a conversation from another one, whole or up to a turn; gives its id. The old one stays as it is. */
export async function forkConversation(
  from: string,
  to: { id: string | undefined; atTurn: string | undefined },
  deps: {
    agent: Agent;
    records: ConversationRecords;
    requireTurn(id: string): Turn;
    /** When the turn that runs now was started; it is not in a fork. */
    runningSince(id: string): string | null;
    newSessionId(): string;
  },
): Promise<string> {
  const { records } = deps;
  const record = records.require(from);
  const turn = to.atTurn === undefined ? null : deps.requireTurn(to.atTurn);
  if (turn && turn.conv_id !== from) {
    throw new AppError('turn_not_found', `Turn ${turn.id} is not one of conversation ${from}.`, {
      field: 'at_turn',
    });
  }
  const isOfSession =
    !turn || (isEnded(turn) && (turn.result?.session_id ?? turn.session_id) === record.session_id);
  if (!record.session_id || !isOfSession) {
    throw new AppError(
      'nothing_to_fork',
      turn ? `Turn ${turn.id} has not ended, or is of an earlier session.` : undefined,
    );
  }
  const id = to.id ?? records.createId();
  records.requireFree(id);
  const sessionId = deps.newSessionId();
  const project = records.projectOf(record);
  const isMade = await deps.agent.transcripts.fork(
    { sessionId: record.session_id, project, until: turn?.ended_at ?? deps.runningSince(from) },
    sessionId,
  );
  if (!isMade) throw new AppError('nothing_to_fork');
  await records.adopt(id, {
    ...records.copyOptions(record),
    project,
    session_id: sessionId,
    title: `${record.title ?? from} (fork)`.slice(0, 200),
  });
  return id;
}
