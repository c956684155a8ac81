import type { BackgroundTask } from '../../contract/conversation.ts';
import type { OwnTurnOptions, StoredOptions } from '../../contract/conversation-options.ts';
import type { ErrorCode } from '../../contract/error.ts';
import type { Event, StoredEvent } from '../../contract/event.ts';
import type { HistoryTurn } from '../../contract/message.ts';
import type { AuditEntry, Prompt, PromptOutcome, Rule } from '../../contract/prompt.ts';
import type { ChatAnswer, TurnState } from '../../contract/turn.ts';

/** A stored attachment. It is sent to the model if `forModel`, else it is placed in the project. */
export type StoredAttachment = {
  name: string;
  media_type: string;
  bytes: number;
  path: string;
  forModel: boolean;
  sha256?: string;
};

/** The options of one turn: the request's own, which override those of the conversation and the settings. */
export type TurnOptions = OwnTurnOptions & {
  timeout_s?: number | undefined;
  literal?: boolean | undefined;
  json_schema?: Record<string, unknown> | undefined;
  attachments?: StoredAttachment[] | undefined;
  /** Send it to the running turn; if that is not possible, run it next. */
  steer?: boolean | undefined;
  /** Stop the running turn and run next. */
  interrupt?: boolean | undefined;
  /** The requested folder, to restore the conversation if its record is lost. */
  project?: string | undefined;
  /** The requested session, for the same reason. */
  session_id?: string | undefined;
};

/** Why a turn failed: a code of the error table and the message. */
export type TurnFailure = { code: ErrorCode; detail: string };

/** A turn as stored on disk. Times are ISO-8601 in UTC. */
export type Turn = {
  id: string;
  conv_id: string;
  message: string;
  options: TurnOptions;
  state: TurnState;
  session_id: string | null;
  origin: 'message' | 'background';
  /** The running turn that it steers. */
  steers: string | null;
  /** Its rank in the whole queue. */
  rank: number;
  text: string;
  result: ChatAnswer | null;
  error: TurnFailure | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
};

/** The end of a turn, as stored. */
export type TurnEnd = Pick<Turn, 'state' | 'text' | 'result' | 'error' | 'ended_at'>;

/** How much of the model's context the newest request filled, in tokens. */
export type ContextUse = { tokens: number; window: number | null };

/** What a turn leaves: its cost, the session of the conversation after it, and how full its context is. */
export type TurnRemains = { usd: number; final_session_id: string | null; context: ContextUse | null };

/** What the turns of a conversation say about it. */
export type TurnActivity = {
  completed: number;
  /** The beginning of the newest message. */
  last_message: string | null;
  /** When the newest message was accepted or the newest turn ended. */
  last_at: string | null;
  context: ContextUse | null;
};

/**
 * The turns, in the order in which they were accepted. Each change is on disk, together with its
 * event, when the call returns. All throw AppError `storage_unavailable` if the disk refuses.
 */
export interface TurnStore {
  /** Throws AppError `storage_unavailable` if no turn can be stored now. */
  requireUsable(): void;
  /**
   * The turn that was accepted under an Idempotency-Key. Throws AppError `idempotency_mismatch` if it
   * was used for another request (another `fingerprint`).
   */
  byKey(key: string, fingerprint: string): Turn | null;
  /** Accepts a turn. If `key` was used before, returns that turn instead (see `byKey`) and changes nothing. */
  accept(
    turn: Pick<Turn, 'id' | 'conv_id' | 'message' | 'options' | 'created_at'>,
    key: string | null,
    fingerprint: string,
  ): { turn: Turn; isNew: boolean };
  /** Marks a queued turn as running, before its process exists. `steers` is the turn that it steers. */
  start(id: string, how: Pick<Turn, 'session_id' | 'started_at' | 'steers'>): void;
  /** Requeues a turn that was marked as running and whose process could not be started: nothing has happened yet. */
  requeue(id: string, at: string): void;
  /** Stores a turn that the agent started on its own; it is already running. */
  begin(turn: Pick<Turn, 'id' | 'conv_id' | 'message' | 'session_id' | 'created_at'>): Turn;
  /** Changes a queued turn. */
  change(id: string, changes: Pick<Turn, 'message' | 'options'>, event: Event): void;
  /** Reorders queued turns of one conversation; together they keep their ranks. */
  reorder(ids: readonly string[], event: Event): void;
  end(id: string, end: TurnEnd, event: Event, remains: TurnRemains | null): void;
  /** Whether a turn was completed in a session (then it must have a transcript), or only started. */
  knowsSession(sessionId: string): 'completed' | 'begun' | 'unknown';
  /** The cost of all turns that ended since `at` (ISO-8601), in USD. */
  spentSince(at: string): number;
  /** The cost of each conversation, in USD. */
  spentByConversation(): Map<string, number>;
  countByState(): Record<string, number>;
  get(id: string): Turn | null;
  inState(state: TurnState): Turn[];
  /** The newest ended turn of a conversation. */
  lastEnded(convId: string): Turn | null;
  /** Deletes the content of a conversation's turns, and its events; their idempotency keys stay used. */
  forget(convId: string): void;
  /** The turns of a conversation that ran between two times (ISO-8601) and ended, oldest first. */
  endedBetween(convId: string, from: string, to: string): HistoryTurn[];
  /** Null if the journal cannot be used. */
  activityOf(convId: string): TurnActivity | null;
  /** Calls `listener` when the activity of a conversation changed. */
  onActivity(listener: (convId: string) => void): void;
  /** The turn of each conversation that was started last. */
  newestStarted(): (Pick<Turn, 'conv_id' | 'session_id'> & {
    final_session_id: string | null;
    started_at: string;
  })[];
  /** The newest turn of each conversation, with the session of the newest started turn. */
  newest(): Pick<Turn, 'conv_id' | 'session_id' | 'started_at' | 'created_at' | 'options'>[];
}

/** A prompt with its outcome; both are null while it is open, and for prompts of older versions. */
export type AskedPrompt = { prompt: Prompt; outcome: PromptOutcome | null; closed_at: string | null };

/** Prompts, rules and the audit of decisions. Each change is on disk, with its event, when the call returns. */
export interface PromptStore {
  open(prompt: Prompt): void;
  /** Stores an open prompt with its new risks, and shows it again. */
  reopen(prompt: Prompt): void;
  /** Closes a prompt with its reply. The turn continues unless another prompt is open. */
  close(
    prompt: Prompt,
    how: { outcome: PromptOutcome; reply: string | null; by: string | null; audit: Omit<AuditEntry, 'id'> },
  ): void;
  get(id: string): { prompt: Prompt; outcome: PromptOutcome | null; reply: string | null } | null;
  /** The prompts of a conversation between two times (ISO-8601), oldest first. */
  askedBetween(convId: string, from: string, to: string): AskedPrompt[];
  /** The prompts that were open when the last server ended. */
  left(): Prompt[];
  rules(): Rule[];
  addRule(rule: Rule, audit: Omit<AuditEntry, 'id'>): void;
  removeRule(id: string, audit: Omit<AuditEntry, 'id'>): void;
  note(audit: Omit<AuditEntry, 'id'>): void;
  /** The newest entries, or the ones before an id. */
  entries(limit: number, before: number | undefined): AuditEntry[];
}

/** Which conversations have a live process, and its background work, so that the next server can report what a crash ended. */
export interface LiveStore {
  /** Null: no process. Never throws: at worst, nothing is reported after a crash. */
  set(convId: string, tasks: readonly BackgroundTask[] | null): void;
  left(): { conv_id: string; tasks: BackgroundTask[] }[];
}

/** Which events to read; with `detail`, the coarse events of all conversations and the detailed ones of that conversation. */
export type EventFilter = { conv_id?: string; turn_id?: string; detail?: string };

/** Events in the order of their ids, stored before they are published. */
export interface Journal {
  /** Appends events without waiting for the disk. They are written within a tick, and kept in memory if the disk refuses. */
  append(events: readonly Event[]): void;
  /** Writes pending events. Throws AppError `storage_unavailable`. */
  flush(): void;
  /** Up to `limit` events after the cursor. */
  since(cursor: number, filter: EventFilter, limit: number): StoredEvent[];
  /** Like `since`, as frames of a server-sent event stream. */
  frames(cursor: number, filter: EventFilter, limit: number): { id: number; frame: string }[];
  /** Whether all events after the cursor are still stored. False for an unknown cursor. */
  has(cursor: number): boolean;
  /** Calls `listener` with each event right after it was written, in order. */
  onEvent(listener: (event: StoredEvent) => void): void;
  /** The id of the newest event. */
  cursor(): number;
  /** Calls `listener` after each write. Returns a function that stops it. */
  onWrite(listener: () => void): () => void;
  /** Registers a reader of a conversation's events (or of all) until the returned function is called. */
  follow(convId: string | undefined): () => void;
  isFollowed(convId: string): boolean;
  /** Deletes the oldest events that exceed the limits. */
  prune(): void;
  dispose(): void;
}

/** A conversation as stored in sessions.json. The first fields are those of the original system. */
export type ConversationRecord = StoredOptions & {
  session_id: string | null;
  created_at: string;
  last_message_at: string;
  turn_count: number;
  last_message: string | null;
  context?: ContextUse;
  /** When somebody last chose the session: by a reset, or by naming another one. */
  reset_at?: string;
  /** How many turns it had before those of the journal. */
  turns_before?: number;
};

type Facts = 'turn_count' | 'last_message' | 'last_message_at' | 'context';

/** A conversation as it is written. Its facts follow from its turns; those given here are of the time before them. */
export type NewConversationRecord = Omit<ConversationRecord, Facts> &
  Partial<Pick<ConversationRecord, Facts>>;

/** The mapping of conversations to sessions. Reads are from memory; a change is on disk when it resolves. */
export interface MappingStore {
  all(): ReadonlyMap<string, ConversationRecord>;
  get(id: string): ConversationRecord | undefined;
  /**
   * Writes one conversation. Rejects with AppError `storage_unavailable` if the disk refuses; the change then has no
   * effect.
   */
  put(id: string, record: NewConversationRecord): Promise<void>;
  /**
   * For a change that the turns on disk bring back after a crash. It holds in memory at once and goes with the next
   * write; if the disk refuses, the store tries again.
   */
  note(id: string, record: NewConversationRecord): void;
  /** Like `put`: a conversation whose removal is refused is still there. */
  remove(id: string): Promise<void>;
  /** The last disk error, as a message. */
  trouble(): string | null;
  dispose(): Promise<void>;
}
