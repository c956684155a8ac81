import { randomUUID } from 'node:crypto';
import { isEnded } from '../../../contract/turn-state.ts';
import type { Agent, Launch, RunSpec } from '../../agent/port.ts';
import type {
  ConversationRecord,
  Journal,
  MappingStore,
  Turn,
  TurnOptions,
  TurnStore,
} from '../../store/port.ts';
import type { BudgetKeeper } from '../budget.ts';
import type { ConversationRecords } from '../records.ts';
import type { SchedulerState } from '../state.ts';
import { type RunDefaults, toAdjustments, toLaunchOptions } from './launch-options.ts';

/** The session and folder of a turn that is about to start. */
export type RunLocation = {
  record: ConversationRecord;
  sessionId: string;
  project: string;
  /** The session that could not be continued; null if it was, or nothing was lost. */
  lost: string | null;
};

/** Decides in which session and folder, and with which options, a turn runs. */
export function createTurnPreparer(deps: {
  agent: Agent;
  schedulerState: SchedulerState;
  mapping: MappingStore;
  turns: TurnStore;
  journal: Journal;
  records: ConversationRecords;
  budgets: BudgetKeeper;
  /** Throws AppError where a folder is gone, or no longer allowed. */
  resolveProject(path: string): Promise<string>;
  /** Puts files that the model does not take into the project; gives what is said of them in the message. */
  placeFiles(turn: Turn, project: string): Promise<string>;
  defaults: RunDefaults;
}) {
  const { agent, schedulerState, turns, defaults } = deps;
  /** Sessions that the agent itself could not continue. */
  const refused = new Set<string>();

  /** The session that a conversation goes on in, or will begin with. */
  function getSessionId(convId: string, record: ConversationRecord): string {
    if (record.session_id) return record.session_id;
    // At once, so that all who ask before it begins get the same.
    const sessionId = schedulerState.plannedSessions.get(convId) ?? randomUUID();
    schedulerState.plannedSessions.set(convId, sessionId);
    return sessionId;
  }

  /** The folder of a conversation; one that the original system made says none, and works where its session began. */
  async function findProject(record: ConversationRecord): Promise<string> {
    const found =
      record.project || !record.session_id ? null : await agent.transcripts.find(record.session_id);
    return found?.project ?? deps.records.projectOf(record);
  }

  /** If the transcript of the session is gone or of no use, the place is in a new session. */
  async function resolveLocation(
    convId: string,
    record: ConversationRecord,
    sessionId: string,
  ): Promise<RunLocation> {
    // Its process works in that folder already, and has the session.
    if (record.project && agent.live.isOpen(sessionId))
      return { record, sessionId, project: record.project, lost: null };
    const project = await deps.resolveProject(await findProject(record));
    const same = { record, sessionId, project, lost: null };
    if (record.session_id === null) return same;
    const state = refused.has(sessionId) ? 'unusable' : await agent.transcripts.getState(sessionId, project);
    const isLoss = hadTurns(record, sessionId);
    if (state === 'usable' || (state === 'none' && !isLoss)) return same;
    // The agent would refuse the id of a file that is there, and a process that has it may still be leaving.
    const next = schedulerState.plannedSessions.get(convId) ?? randomUUID();
    schedulerState.plannedSessions.set(convId, next);
    return { record, sessionId: next, project, lost: isLoss ? sessionId : null };
  }

  /** A session whose first turn was cut off early has none yet, and begins with the next. */
  function hadTurns(record: ConversationRecord, sessionId: string): boolean {
    const known = turns.knowsSession(sessionId);
    return known === 'completed' || (known === 'unknown' && record.turn_count > 0);
  }

  function toLaunch({ record, sessionId, project }: RunLocation, turn: Turn | null): Launch {
    const own = turn?.options ?? {};
    return {
      project,
      sessionId,
      ...toLaunchOptions({ options: record, own, defaults }),
      jsonSchema: own.json_schema ? JSON.stringify(own.json_schema) : null,
    };
  }

  /** The agent reports what a turn has spent, and gets what the turn may spend in all. */
  function reportSpending(turn: Turn, spent: number): number {
    if (isEnded(turn)) return Number.POSITIVE_INFINITY;
    deps.budgets.recordSpending(turn.id, turn.conv_id, spent);
    return deps.budgets.remaining(turn.id, turn.conv_id);
  }

  return {
    getSessionId,
    resolveLocation,
    /** The agent says that it has no such session, although it has a transcript. */
    abandonSession: (sessionId: string): void => void refused.add(sessionId),
    toLaunch,
    /** Of the changed options those that a running process takes, as they are now. */
    toAdjustments: (record: ConversationRecord, changed: readonly string[], own: TurnOptions) =>
      toAdjustments({ options: record, own, defaults }, changed),
    async buildRunSpec(turn: Turn, at: RunLocation, follow: boolean): Promise<RunSpec> {
      const files = await deps.placeFiles(turn, at.project);
      return {
        ...toLaunch(at, turn),
        turnId: turn.id,
        messageId: randomUUID(),
        message: turn.message + files,
        literal: turn.options.literal ?? false,
        attachments: (turn.options.attachments ?? []).filter(({ forModel }) => forModel),
        follow,
        budget: deps.budgets.hasLimit(turn.conv_id) ? { left: (spent) => reportSpending(turn, spent) } : null,
      };
    },
  };
}

export type TurnPreparer = ReturnType<typeof createTurnPreparer>;

/** The record of a conversation that begins with this turn. */
export const newRecord = ({ created_at, options }: Turn): ConversationRecord => ({
  session_id: null,
  created_at,
  last_message_at: created_at,
  turn_count: 0,
  last_message: null,
  ...(options.project ? { project: options.project } : {}),
});
