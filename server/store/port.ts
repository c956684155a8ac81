import type { ErrorCode } from '../../contract/error.ts';
import type { Event, EventType, StoredEvent } from '../../contract/event.ts';
import type { ChatAnswer, TurnState } from '../../contract/turn.ts';

/** How one turn is to run: what the request said, over what the conversation and the settings say. */
export type TurnOptions = {
  model?: string | undefined;
  permission_mode?: string | undefined;
  timeout_s?: number | undefined;
  literal?: boolean | undefined;
  /** The folder that was asked for, to make the conversation again where its record was lost. */
  project?: string | undefined;
  /** The session that was asked for, for the same reason. */
  session_id?: string | undefined;
};

/** Why a turn failed: a code of the error table and the words for it. */
export type TurnFailure = { code: ErrorCode; detail: string };

/** A turn as it is kept on disk. Times are ISO-8601 in UTC. */
export type Turn = {
  id: string;
  conv_id: string;
  message: string;
  options: TurnOptions;
  state: TurnState;
  session_id: string | null;
  /** Process (and process group) of the agent, with its start time, to tell it from a later one of the same number. */
  pid: number | null;
  pid_start: string | null;
  text: string;
  result: ChatAnswer | null;
  error: TurnFailure | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
};

/** The end of a turn, as it is written. */
export type TurnEnd = Pick<Turn, 'state' | 'text' | 'result' | 'error' | 'ended_at'>;

/**
 * The turns, in the order in which they were accepted. Each change is on disk, together with its
 * event, when the call returns. All throw AppError `storage_unavailable` where the disk refuses.
 */
export interface TurnStore {
  /**
   * The turn that was accepted under an Idempotency-Key. Throws AppError `idempotency_mismatch` if it
   * was used for another request (another `fingerprint`).
   */
  byKey(key: string, fingerprint: string): Turn | null;
  /** Accepts a turn. Where `key` was used before, answers that turn instead (see `byKey`) and changes nothing. */
  accept(
    turn: Pick<Turn, 'id' | 'conv_id' | 'message' | 'options' | 'created_at'>,
    key: string | null,
    fingerprint: string,
  ): { turn: Turn; isNew: boolean };
  /** Marks a queued turn as running, before its process exists. */
  start(id: string, sessionId: string, at: string): void;
  /** Notes the process of a turn; null when it is gone, which can be long after the turn's end. */
  noteProcess(id: string, pid: number | null, start: string | null): void;
  /** The turns that were running, or whose process was not seen to end, when the server was last here. */
  withProcess(): Turn[];
  end(id: string, end: TurnEnd, event: Event): void;
  get(id: string): Turn | null;
  inState(state: TurnState): Turn[];
  /** The newest turn of a conversation that ended. */
  lastEnded(convId: string): Turn | null;
  /** Forgets what was said in the turns of a conversation, and its events; their keys stay used. */
  forget(convId: string): void;
  /** For each conversation the newest turn that ended. */
  newestEnded(): Turn[];
  /** For each conversation its newest turn, with the session of its newest turn that was started. */
  newest(): Pick<Turn, 'conv_id' | 'session_id' | 'started_at' | 'created_at' | 'options'>[];
}

export type EventFilter = { conv_id?: string; turn_id?: string };

/** Events in the order of their ids, on disk before anybody is told of them. */
export interface Journal {
  /** Takes events without waiting for the disk; they are written within a tick, and kept where the disk refuses. */
  append(events: readonly Event[]): void;
  /** Writes what was appended and not written yet. Throws AppError `storage_unavailable`. */
  flush(): void;
  /** Up to `limit` events after the cursor. */
  since(cursor: number, filter: EventFilter, limit: number): StoredEvent[];
  /** The id of the newest event. */
  cursor(): number;
  /** Calls `listener` after each write. Returns how to stop that. */
  onWrite(listener: () => void): () => void;
  /** Says that somebody reads the events of this conversation (or, without one, of all) until it is called off. */
  follow(convId: string | undefined): () => void;
  isFollowed(convId: string): boolean;
  /** The texts of a turn's events of one type, in order. */
  texts(turnId: string, type: Extract<EventType, 'text.delta' | 'message'>): string[];
  dispose(): void;
}

/** What is known of a conversation, as it stands in sessions.json. Fields of the original system first. */
export type ConversationRecord = {
  session_id: string | null;
  created_at: string;
  last_message_at: string;
  turn_count: number;
  last_message: string | null;
  title?: string;
  project?: string;
  archived?: boolean;
  model?: string | null;
  permission_mode?: string | null;
  allowed_tools?: string | null;
  extra_args?: string[] | null;
  cost_usd?: number;
  /** What the agent counts for the session so far (USD), where it counts over the session. */
  session_cost?: number;
  /** When the session was last forgotten on request. */
  reset_at?: string;
  /** The newest turn whose end is in this record. */
  settled_turn?: string;
};

/** The mapping of conversations to sessions. Reads are from memory; a change is on disk when it resolves. */
export interface MappingStore {
  all(): ReadonlyMap<string, ConversationRecord>;
  get(id: string): ConversationRecord | undefined;
  /**
   * Writes one conversation. In memory it holds at once. Rejects with AppError `storage_unavailable`
   * where the disk refuses; the change is then kept in memory and written with the next one that succeeds.
   */
  put(id: string, record: ConversationRecord): Promise<void>;
  remove(id: string): Promise<void>;
  /** What the disk last refused, in words. */
  trouble(): string | null;
  dispose(): Promise<void>;
}
