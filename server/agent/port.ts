import type { ErrorCode } from '../../contract/error.ts';
import type { HistoryPage, MessagePart } from '../../contract/message.ts';

/** One run of an agent: a message in a session, in a project folder. */
export type RunSpec = {
  turnId: string;
  project: string;
  sessionId: string;
  /** True where the session does not exist yet and is to be made under this id. */
  isNew: boolean;
  message: string;
  /** Send a message that begins with `/` as text. */
  literal: boolean;
  /** Somebody reads along: the output is wanted while it comes, not only at the end. */
  follow: boolean;
  permissionMode: string;
  allowedTools: string;
  model: string | null;
  extraArgs: readonly string[];
};

/** What a run says while it goes on. `parent_tool_id` is set on what a sub-agent does. */
export type AgentOutput =
  | { type: 'text' | 'thinking'; text: string }
  | { type: 'message'; message_id: string; text: string; parts: MessagePart[]; parent_tool_id: string | null }
  | { type: 'tool.started'; tool_id: string; name: string; input: string; parent_tool_id: string | null }
  | { type: 'tool.finished'; tool_id: string; output: string; is_error: boolean; parent_tool_id: string | null }
  | { type: 'retrying'; reason: string; attempt: number; discard_text: boolean }
  | { type: 'usage'; usage: Record<string, unknown> }
  | { type: 'warning'; text: string };

/** What a run came to. */
export type RunEnd =
  | {
      kind: 'answer';
      response: string;
      sessionId: string;
      /** USD, as the agent counts: over the whole session, or over this run alone (older versions). */
      cost: number;
      costCovers: 'session' | 'run';
      turns: number;
      durationMs: number;
      usage: Record<string, unknown>;
      permissionDenials: unknown[];
    }
  | { kind: 'failure'; code: ErrorCode; detail: string };

/** A run that was started. */
export interface Run {
  /** Also the id of its process group. */
  readonly pid: number;
  /** With the pid it names this process among all that ever had that pid. */
  readonly pidStart: string | null;
  /** Resolves when the start, which takes a core to itself, is behind it. */
  readonly started: Promise<void>;
  readonly end: Promise<RunEnd>;
  /** Resolves when no process of it is left; it can come long after `end`, where a background shell goes on. */
  readonly exited: Promise<void>;
  /** Ends the run and all that it started: interrupt, terminate, kill. Resolves when all are gone. */
  stop(): Promise<void>;
}

export type AgentStatus = {
  found: boolean;
  path: string | null;
  version: string | null;
  logged_in: boolean | null;
  hint: string | null;
};

/** An agent CLI on this machine. */
export interface Agent {
  /** Whether it is there and signed in; asked of the CLI itself, and remembered for a minute. */
  status(): Promise<AgentStatus>;
  /**
   * Starts a run; `onOutput` gets what it says. Throws AppError `agent_not_found`, `project_not_found`
   * or `session_busy` where it cannot start.
   */
  run(spec: RunSpec, onOutput: (output: AgentOutput) => void): Promise<Run>;
  /** Throws AppError `command_refused` for a message that is a command which makes no sense here. */
  checkMessage(message: string, literal: boolean): void;
  /** Whether there is a transcript of a session. */
  hasSession(sessionId: string, project: string): Promise<boolean>;
  /** The folder that a session belongs to; null where there is no transcript of it. */
  findSession(sessionId: string, project?: string): Promise<{ project: string } | null>;
  /** A page of a session's history. Throws AppError `invalid_request` for a cursor that is none. */
  history(sessionId: string, project: string, page: { limit: number; before?: string | undefined }): Promise<Omit<HistoryPage, 'session_id'>>;
  /** What the model wrote in a session since `at` (ISO-8601), for a turn whose end was not seen. */
  writtenSince(sessionId: string, project: string, at: string): Promise<string>;
  /** Ends what it started besides runs. */
  dispose(): void;
  /** Ends what a turn of an earlier server process left running. */
  endLeftovers(turn: { id: string; pid: number | null; pid_start: string | null }): Promise<void>;
}
