import type { BackgroundTask } from '../../contract/conversation.ts';
import type { NoticeKind, TerminalMessages } from '../../contract/conversation-options.ts';
import type { ErrorCode } from '../../contract/error.ts';
import type { Event, StoredEvent } from '../../contract/event.ts';
import type { HistoryTurn } from '../../contract/message.ts';
import type { AuditEntry, Prompt, PromptOutcome, Rule } from '../../contract/prompt.ts';
import type { ChatAnswer, TurnState } from '../../contract/turn.ts';

/** A file that came with a message, as it is kept. One `forModel` goes to the model, another lies in the project. */
export type StoredAttachment = { name: string; media_type: string; bytes: number; path: string; forModel: boolean; sha256?: string };

/** How one turn is to run: what the request said, over what the conversation and the settings say. */
export type TurnOptions = {
  model?: string | undefined;
  permission_mode?: string | undefined;
  timeout_s?: number | undefined;
  literal?: boolean | undefined;
  effort?: string | undefined;
  json_schema?: Record<string, unknown> | undefined;
  attachments?: StoredAttachment[] | undefined;
  /** Give it to the running turn; where none takes it, it goes first. */
  steer?: boolean | undefined;
  /** Stop the running turn, and go first. */
  interrupt?: boolean | undefined;
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
  origin: 'message' | 'background';
  /** The running turn that it was given to. */
  steers: string | null;
  /** Where it stands in the queue, among all. */
  rank: number;
  text: string;
  result: ChatAnswer | null;
  error: TurnFailure | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
};

/** The end of a turn, as it is written. */
export type TurnEnd = Pick<Turn, 'state' | 'text' | 'result' | 'error' | 'ended_at'>;

/** What a turn cost by itself, and the session that it left the conversation with. */
export type TurnCost = { usd: number; final_session_id: string | null } | null;

/**
 * The turns, in the order in which they were accepted. Each change is on disk, together with its
 * event, when the call returns. All throw AppError `storage_unavailable` where the disk refuses.
 */
export interface TurnStore {
  /** Throws AppError `storage_unavailable` if no turn can be kept now. */
  requireUsable(): void;
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
  /** Marks a queued turn as running, before its process exists. `steers` names the turn that it is given to. */
  start(id: string, how: Pick<Turn, 'session_id' | 'started_at' | 'steers'>): void;
  /** Puts a turn back that was marked as running and whose process could not be made: nothing of it has happened. */
  requeue(id: string, at: string): void;
  /** Takes up a turn that the agent began by itself: it runs already. */
  begin(turn: Pick<Turn, 'id' | 'conv_id' | 'message' | 'session_id' | 'created_at'>): Turn;
  /** Changes a queued turn. */
  change(id: string, changes: Pick<Turn, 'message' | 'options'>, event: Event): void;
  /** Gives queued turns of one conversation the places that they have together, in this order. */
  reorder(ids: readonly string[], event: Event): void;
  end(id: string, end: TurnEnd, event: Event, cost: TurnCost): void;
  /** Whether a turn was completed in a session (then there must be a transcript of it), or only begun. */
  knowsSession(sessionId: string): 'completed' | 'begun' | 'unknown';
  /** What ended turns cost since `at` (ISO-8601), in all conversations, in USD. */
  spentSince(at: string): number;
  /** What the turns of each conversation cost, in USD. */
  spentByConversation(): Map<string, number>;
  countByState(): Record<string, number>;
  get(id: string): Turn | null;
  inState(state: TurnState): Turn[];
  /** The newest turn of a conversation that ended. */
  lastEnded(convId: string): Turn | null;
  /** Forgets what was said in the turns of a conversation, and its events; their keys stay used. */
  forget(convId: string): void;
  /** The turns of a conversation that ran between two times (ISO-8601) and ended, oldest first. */
  endedBetween(convId: string, from: string, to: string): HistoryTurn[];
  /** For each conversation the newest turn that ended. */
  newestEnded(): Turn[];
  /** For each conversation its newest turn, with the session of its newest turn that was started. */
  newest(): Pick<Turn, 'conv_id' | 'session_id' | 'started_at' | 'created_at' | 'options'>[];
}

/** A prompt with how it ended; both are null while it waits, and for those of older versions. */
export type AskedPrompt = { prompt: Prompt; outcome: PromptOutcome | null; closed_at: string | null };

/** Prompts, rules and the audit of decisions. Each change is on disk, with its event, when the call returns. */
export interface PromptStore {
  open(prompt: Prompt): void;
  /** Ends a prompt; `reply` is what was answered. Its turn runs on unless it waits for another one. */
  close(prompt: Prompt, how: { outcome: PromptOutcome; reply: string | null; by: string | null; audit: Omit<AuditEntry, 'id'> }): void;
  get(id: string): { prompt: Prompt; outcome: PromptOutcome | null; reply: string | null } | null;
  /** What was asked in a conversation between two times (ISO-8601), oldest first. */
  askedBetween(convId: string, from: string, to: string): AskedPrompt[];
  /** What was open when the server was last here. */
  left(): Prompt[];
  rules(): Rule[];
  addRule(rule: Rule, audit: Omit<AuditEntry, 'id'>): void;
  removeRule(id: string, audit: Omit<AuditEntry, 'id'>): void;
  note(audit: Omit<AuditEntry, 'id'>): void;
  /** The newest entries, before one of this id where it is given. */
  entries(limit: number, before: number | undefined): AuditEntry[];
}

/** Which conversations have a live process, and what it runs in the background: what a server that was killed leaves. */
export interface LiveStore {
  /** Without tasks there is no process. Throws nothing: at worst nobody is told after a crash. */
  set(convId: string, tasks: readonly BackgroundTask[] | null): void;
  left(): { conv_id: string; tasks: BackgroundTask[] }[];
}

/** Which events are read; with `detail` those of all conversations, what their turns say and do only of that one. */
export type EventFilter = { conv_id?: string; turn_id?: string; detail?: string };

/** Events in the order of their ids, on disk before anybody is told of them. */
export interface Journal {
  /** Takes events without waiting for the disk; they are written within a tick, and kept where the disk refuses. */
  append(events: readonly Event[]): void;
  /** Writes what was appended and not written yet. Throws AppError `storage_unavailable`. */
  flush(): void;
  /** Up to `limit` events after the cursor. */
  since(cursor: number, filter: EventFilter, limit: number): StoredEvent[];
  /** As `since`, each as the frame that a server-sent event stream has for it. */
  frames(cursor: number, filter: EventFilter, limit: number): { id: number; frame: string }[];
  /** Whether all events after the cursor are still there. False too for a cursor that was never given out. */
  has(cursor: number): boolean;
  /** Calls `listener` with each event right after it was written, in order. */
  onEvent(listener: (event: StoredEvent) => void): void;
  /** The id of the newest event. */
  cursor(): number;
  /** Calls `listener` after each write. Returns how to stop that. */
  onWrite(listener: () => void): () => void;
  /** Says that somebody reads the events of this conversation (or, without one, of all) until it is called off. */
  follow(convId: string | undefined): () => void;
  isFollowed(convId: string): boolean;
  /** Deletes the oldest events, down to what is to be kept. */
  prune(): void;
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
  pinned?: boolean;
  notify?: NoticeKind[] | null;
  model?: string | null;
  permission_mode?: string | null;
  allowed_tools?: string | null;
  extra_args?: string[] | null;
  effort?: string | null;
  /** How much of the model's context the newest request filled, in tokens. */
  context?: { tokens: number; window: number | null };
  max_cost_usd?: number | null;
  queue_paused?: boolean;
  terminal_messages?: TerminalMessages | undefined;
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
   * Writes one conversation. Rejects with AppError `storage_unavailable` if the disk refuses; the change then has no
   * effect.
   */
  put(id: string, record: ConversationRecord): Promise<void>;
  /**
   * For a change that the turns on disk bring back after a crash. It holds in memory at once and goes with the next
   * write; if the disk refuses, the store tries again.
   */
  note(id: string, record: ConversationRecord): void;
  /** Like `put`: a conversation whose removal is refused is still there. */
  remove(id: string): Promise<void>;
  /** What the disk last refused, in words. */
  trouble(): string | null;
  dispose(): Promise<void>;
}
