import type { Prompt } from '../../contract/prompt.ts';
import { isEnded } from '../../contract/turn-state.ts';
import type { Agent, ProcessRecord, ProcessRegistry } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type {
  ConversationRecord,
  Journal,
  MappingStore,
  NewConversationRecord,
  Turn,
  TurnStore,
} from '../store/port.ts';
import type { Undo } from '../undo/port.ts';
import { resolveTurnEnd, toEndEvent } from './turn/result.ts';
import { describeWaiting } from './turn/run.ts';
import { addText, joinText, noText } from './turn/streamed-text.ts';

type RecoveryDeps = {
  agent: Agent;
  turns: TurnStore;
  journal: Journal;
  mapping: MappingStore;
  /** The turns that were running. */
  leftovers: readonly Turn[];
  /** The processes that were not seen to end. */
  processes: readonly ProcessRecord[];
  processRegistry: ProcessRegistry;
  /** Closes the prompts that were open, and gives them. */
  closePrompts(): Prompt[];
  projectOf(record: ConversationRecord): string;
  onEnd(turn: Turn): void;
  undo: Pick<Undo, 'after'>;
  info(text: string): void;
  warn(error: unknown, text: string): void;
  now(): Date;
};

/**
 * Settles what an earlier server process left: its agents are ended, and turns that were running are ended
 * as interrupted, with what they had produced. A failure of one does not stop the others.
 * Throws only AppError `storage_unavailable`, to be called again.
 */
export async function recoverTurns(deps: RecoveryDeps): Promise<void> {
  await Promise.all(deps.processes.map((left) => endOrphan(left, deps)));
  const prompts = deps.closePrompts();
  const done = await Promise.allSettled(deps.leftovers.map((turn) => settleLeftover(turn, prompts, deps)));
  for (const { reason } of done.filter((result) => result.status === 'rejected')) {
    if (reason instanceof AppError && reason.code === 'storage_unavailable') throw reason;
    deps.warn(reason, 'what an earlier process left could not be settled');
  }
  // Nobody is to wait for a turn that cannot be settled; its conversation can go on.
  for (const turn of deps.leftovers) if (!isEnded(turn)) deps.onEnd(turn);
}

async function endOrphan(left: ProcessRecord, deps: RecoveryDeps): Promise<void> {
  await deps.agent
    .killOrphan(left)
    .catch((error) => deps.warn(error, 'a process of an earlier server could not be ended'));
  deps.processRegistry.remove(left.spawnTag);
}

async function settleLeftover(turn: Turn, prompts: readonly Prompt[], deps: RecoveryDeps): Promise<void> {
  if (isEnded(turn)) return;
  // Its processes are ended: what changes from now on is not of its doing.
  await deps.undo.after(turn.id);
  const text = await readProducedText(turn, deps);
  const detail = describeWaiting(prompts.filter(({ turn_id }) => turn_id === turn.id));
  const end = resolveTurnEnd(turn, {
    end: null,
    stopTurn: 'crash',
    ...(detail ? { detail } : {}),
    text,
    at: deps.now().toISOString(),
  });
  deps.turns.end(turn.id, end, toEndEvent(turn, end), null);
  Object.assign(turn, end);
  deps.onEnd(turn);
  deps.info(`turn ${turn.id} of conversation ${turn.conv_id} was running when the server ended: interrupted`);
}

/** The text of a turn whose server is gone: from its events, or from the transcript if that has more. */
async function readProducedText(turn: Turn, deps: RecoveryDeps): Promise<string> {
  let text = noText;
  for (let cursor = 0; ; ) {
    const events = deps.journal.since(cursor, { turn_id: turn.id }, 500);
    for (const event of events) text = addText(text, event);
    const last = events.at(-1);
    if (!last) break;
    cursor = last.id;
  }
  const record = deps.mapping.get(turn.conv_id);
  if (!record || !turn.session_id || !turn.started_at) return joinText(text);
  const written = await deps.agent.transcripts
    .readTextSince(turn.session_id, deps.projectOf(record), turn.started_at)
    .catch(() => '');
  return written.length > joinText(text).length ? written : joinText(text);
}

/**
 * Conversations that sessions.json does not have although they had turns (a copy from before was used,
 * or the file was removed) come back with the session of their newest turn.
 */
export async function restoreMapping(
  deps: Pick<RecoveryDeps, 'turns' | 'mapping' | 'agent' | 'info'>,
): Promise<void> {
  for (const turn of deps.turns.newestStarted()) adoptSession(turn, deps.mapping);
  for (const { conv_id, session_id, created_at, options } of deps.turns.newest()) {
    if (deps.mapping.get(conv_id)) continue;
    const id = session_id ?? options.session_id ?? null;
    const found = id ? await deps.agent.transcripts.find(id) : null;
    const project = found?.project ?? options.project;
    const record: NewConversationRecord = {
      session_id: id,
      created_at,
      ...(project ? { project } : {}),
    };
    deps.mapping.note(conv_id, record);
    deps.info(`conversation ${conv_id} was missing from sessions.json and is back`);
  }
}

/** A crash between a change of session by a turn and the next write of sessions.json leaves the earlier session there. */
function adoptSession(turn: ReturnType<TurnStore['newestStarted']>[number], mapping: MappingStore): void {
  const record = mapping.get(turn.conv_id);
  if (!record || (record.reset_at ?? '') > turn.started_at) return;
  const session_id = turn.final_session_id ?? turn.session_id;
  const follows = record.session_id === null || record.session_id === turn.session_id;
  if (follows && session_id !== record.session_id) mapping.note(turn.conv_id, { ...record, session_id });
}
