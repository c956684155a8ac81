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

type TurnPreparerDeps = {
  agent: Agent;
  schedulerState: SchedulerState;
  mapping: MappingStore;
  turns: TurnStore;
  journal: Journal;
  records: ConversationRecords;
  budgets: BudgetKeeper;
  /** Throws AppError if a folder is gone, or no longer allowed. */
  resolveProject(path: string): Promise<string>;
  /** Puts files that the model does not take into the project; returns the text about them for the message. */
  placeFiles(turn: Turn, project: string): Promise<string>;
  defaults: RunDefaults;
};

/** Decides in which session and folder, and with which options, a turn runs. */
export class TurnPreparer {
  readonly #deps: TurnPreparerDeps;
  /** Sessions that the agent itself could not continue. */
  readonly #abandoned = new Set<string>();

  constructor(deps: TurnPreparerDeps) {
    this.#deps = deps;
  }

  /** The session that a conversation continues, or will begin with. */
  getSessionId(convId: string, record: ConversationRecord): string {
    // A planned one is stored at once, so that all callers before it begins get the same.
    return record.session_id ?? this.#planSession(convId);
  }

  /** If the transcript of the session is gone or of no use, the turn runs in a new session. */
  async resolveLocation(convId: string, record: ConversationRecord, sessionId: string): Promise<RunLocation> {
    const { agent, resolveProject } = this.#deps;
    // Its process works in that folder already, and has the session.
    if (record.project && agent.live.isOpen(sessionId))
      return { record, sessionId, project: record.project, lost: null };
    const project = await resolveProject(await this.#findProject(record));
    const same = { record, sessionId, project, lost: null };
    if (record.session_id === null) return same;
    const isAbandoned = this.#abandoned.has(sessionId);
    const state = isAbandoned ? 'unusable' : await agent.transcripts.getState(sessionId, project);
    const isLoss = this.#hadTurns(record, sessionId);
    if (state === 'usable' || (state === 'none' && !isLoss)) return same;
    // The agent would refuse the id of an existing file, and a process with that id may not have exited yet.
    return { record, sessionId: this.#planSession(convId), project, lost: isLoss ? sessionId : null };
  }

  /** The agent reports that it has no such session, although it has a transcript. */
  abandonSession(sessionId: string): void {
    this.#abandoned.add(sessionId);
  }

  toLaunch({ record, sessionId, project }: RunLocation, turn: Turn | null): Launch {
    const own = turn?.options ?? {};
    const options = toLaunchOptions({ options: record, own, defaults: this.#deps.defaults });
    const jsonSchema = own.json_schema ? JSON.stringify(own.json_schema) : null;
    return { project, sessionId, ...options, jsonSchema };
  }

  /** Of the changed options those that a running process takes, as they are now. */
  toAdjustments(record: ConversationRecord, changed: readonly string[], own: TurnOptions) {
    return toAdjustments({ options: record, own, defaults: this.#deps.defaults }, changed);
  }

  async buildRunSpec(turn: Turn, location: RunLocation, follow: boolean): Promise<RunSpec> {
    const files = await this.#deps.placeFiles(turn, location.project);
    const hasLimit = this.#deps.budgets.hasLimit(turn.conv_id);
    return {
      ...this.toLaunch(location, turn),
      turnId: turn.id,
      messageId: randomUUID(),
      message: turn.message + files,
      literal: turn.options.literal ?? false,
      attachments: (turn.options.attachments ?? []).filter(({ forModel }) => forModel),
      follow,
      budget: hasLimit ? { left: (spent) => this.#reportSpending(turn, spent) } : null,
    };
  }

  #planSession(convId: string): string {
    const { plannedSessions } = this.#deps.schedulerState;
    const sessionId = plannedSessions.get(convId) ?? randomUUID();
    plannedSessions.set(convId, sessionId);
    return sessionId;
  }

  /** The folder of a conversation; one of the original system has none, and works where its session began. */
  async #findProject(record: ConversationRecord): Promise<string> {
    const { agent, records } = this.#deps;
    const isUnknown = !record.project && record.session_id;
    const session = isUnknown ? await agent.transcripts.find(record.session_id as string) : null;
    return session?.project ?? records.projectOf(record);
  }

  /** A session whose first turn was cut off early has no turns yet, and begins with the next. */
  #hadTurns(record: ConversationRecord, sessionId: string): boolean {
    const state = this.#deps.turns.knowsSession(sessionId);
    return state === 'completed' || (state === 'unknown' && record.turn_count > 0);
  }

  /** The agent reports what a turn has spent, and gets what the turn may spend in total (USD). */
  #reportSpending(turn: Turn, spent: number): number {
    if (isEnded(turn)) return Number.POSITIVE_INFINITY;
    this.#deps.budgets.recordSpending(turn.id, turn.conv_id, spent);
    return this.#deps.budgets.remaining(turn.id, turn.conv_id);
  }
}

/** The record of a conversation that begins with this turn. */
export const newRecord = ({ created_at, options }: Turn): ConversationRecord => ({
  session_id: null,
  created_at,
  last_message_at: created_at,
  turn_count: 0,
  last_message: null,
  ...(options.project ? { project: options.project } : {}),
});
