import { randomUUID } from 'node:crypto';
import type { Agent, Launch, RunSpec } from '../../agent/port.ts';
import type { ConversationRecord, Journal, MappingStore, Turn, TurnOptions, TurnStore } from '../../store/port.ts';
import type { Spending } from '../budget.ts';
import type { Book } from '../records.ts';
import type { Lanes } from '../state.ts';
import { isEnded } from './result.ts';

/** What a conversation that says nothing of its own runs with. */
export type RunDefaults = {
  permissionMode: string;
  allowedTools: string;
  model: string | null;
  extraArgs: readonly string[];
  timeoutS: number;
};

/** The session and folder of a turn that is about to start. */
export type Place = {
  record: ConversationRecord;
  sessionId: string;
  project: string;
  /** The session that could not be continued; null if it was, or nothing was lost. */
  lost: string | null;
};

/** Decides in which session and folder, and with which options, a turn runs. */
export function createStarter(deps: {
  agent: Agent;
  lanes: Lanes;
  mapping: MappingStore;
  turns: TurnStore;
  journal: Journal;
  book: Book;
  spending: Spending;
  /** Throws AppError where a folder is gone, or no longer allowed. */
  resolveProject(path: string): Promise<string>;
  /** Puts files that the model does not take into the project; gives what is said of them in the message. */
  placeFiles(turn: Turn, project: string): Promise<string>;
  defaults: RunDefaults;
}) {
  const { agent, lanes, turns, defaults } = deps;
  /** Sessions that the agent itself could not continue. */
  const refused = new Set<string>();

  /** The session that a conversation goes on in, or will begin with. */
  function sessionOf(convId: string, record: ConversationRecord): string {
    if (record.session_id) return record.session_id;
    // At once, so that all who ask before it begins get the same.
    const sessionId = lanes.reserved.get(convId) ?? randomUUID();
    lanes.reserved.set(convId, sessionId);
    return sessionId;
  }

  /** The folder of a conversation; one that the original system made says none, and works where its session began. */
  async function ownFolder(record: ConversationRecord): Promise<string> {
    const found = record.project || !record.session_id ? null : await agent.findSession(record.session_id);
    return found?.project ?? deps.book.projectOf(record);
  }

  /** If the transcript of the session is gone or of no use, the place is in a new session. */
  async function place(convId: string, record: ConversationRecord, sessionId: string): Promise<Place> {
    // Its process works in that folder already, and has the session.
    if (record.project && agent.live.isOpen(sessionId)) return { record, sessionId, project: record.project, lost: null };
    const project = await deps.resolveProject(await ownFolder(record));
    const same = { record, sessionId, project, lost: null };
    if (record.session_id === null) return same;
    const state = refused.has(sessionId) ? 'unusable' : await agent.transcriptState(sessionId, project);
    const hadTurns = mustExist(record, sessionId);
    if (state === 'usable' || (state === 'none' && !hadTurns)) return same;
    // The agent would refuse the id of a file that is there, and a process that has it may still be leaving.
    const next = lanes.reserved.get(convId) ?? randomUUID();
    lanes.reserved.set(convId, next);
    return { record, sessionId: next, project, lost: hadTurns ? sessionId : null };
  }

  /** A session whose first turn was cut off early has none yet, and begins with the next. */
  function mustExist(record: ConversationRecord, sessionId: string): boolean {
    const known = turns.knowsSession(sessionId);
    return known === 'completed' || (known === 'unknown' && record.turn_count > 0);
  }

  function toLaunch({ record, sessionId, project }: Place, turn: Turn | null): Launch {
    const options = turn?.options ?? {};
    return {
      project,
      sessionId,
      permissionMode: options.permission_mode ?? record.permission_mode ?? defaults.permissionMode,
      allowedTools: record.allowed_tools ?? defaults.allowedTools,
      model: options.model ?? record.model ?? defaults.model,
      effort: options.effort ?? record.effort ?? null,
      extraArgs: [...defaults.extraArgs, ...(record.extra_args ?? [])],
      jsonSchema: options.json_schema ? JSON.stringify(options.json_schema) : null,
    };
  }

  return {
    sessionOf,
    place,
    /** The agent says that it has no such session, although it has a transcript. */
    giveUpSession: (sessionId: string): void => void refused.add(sessionId),
    toLaunch,
    async toSpec(turn: Turn, at: Place, follow: boolean): Promise<RunSpec> {
      const files = await deps.placeFiles(turn, at.project);
      return {
        ...toLaunch(at, turn),
        turnId: turn.id,
        messageId: randomUUID(),
        message: turn.message + files,
        literal: turn.options.literal ?? false,
        attachments: (turn.options.attachments ?? []).filter(({ forModel }) => forModel),
        follow,
        budget: deps.spending.hasLimit(turn.conv_id)
          ? { left: (spent) => (isEnded(turn) ? Number.POSITIVE_INFINITY : deps.spending.left(turn.id, turn.conv_id, spent)) }
          : null,
      };
    },
    /** Of the settings that were changed those that a process that runs already is to take, as they now are. */
    changedSettings(
      record: ConversationRecord,
      changed: readonly string[],
      own: TurnOptions,
    ): Partial<Pick<Launch, 'permissionMode' | 'model' | 'effort'>> {
      const { permissionMode, model, effort } = toLaunch({ record, sessionId: '', project: '', lost: null }, null);
      const is = (name: 'permission_mode' | 'model' | 'effort') => changed.includes(name) && own[name] === undefined;
      return { ...(is('permission_mode') ? { permissionMode } : {}), ...(is('model') ? { model } : {}), ...(is('effort') ? { effort } : {}) };
    },
  };
}

export type Starter = ReturnType<typeof createStarter>;

/** The record of a conversation that begins with this turn. */
export const newRecord = ({ created_at, options }: Turn): ConversationRecord => ({
  session_id: null,
  created_at,
  last_message_at: created_at,
  turn_count: 0,
  last_message: null,
  ...(options.project ? { project: options.project } : {}),
});
