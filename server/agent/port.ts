import type { BackgroundTask } from '../../contract/conversation.ts';
import type { ErrorCode } from '../../contract/error.ts';
import type { Denied, FileChange, MessagePart } from '../../contract/message.ts';
import type { PromptKind } from '../../contract/prompt.ts';
import type { TurnWarning } from '../../contract/turn.ts';
import type { Transcripts } from './transcript-port.ts';

/** A file that is sent to the model as a block of the message. */
export type Attachment = { name: string; media_type: string; path: string };

/** The options of an agent process. A live process serves turns with the same options. */
export type Launch = {
  project: string;
  /** The session is created with this id if it does not exist. */
  sessionId: string;
  permissionMode: string;
  allowedTools: string;
  model: string | null;
  effort: string | null;
  extraArgs: readonly string[];
  /** A JSON Schema as text. */
  jsonSchema: string | null;
};

/** One run of an agent: a message in a session, in a project folder. */
export type RunSpec = Launch & {
  turnId: string;
  /** The UUID of the message in the transcript, if the agent accepts one. */
  messageId: string;
  message: string;
  /** Send a message that begins with `/` as text. */
  literal: boolean;
  attachments: readonly Attachment[];
  /** A client follows the turn: output is needed as it arrives, not only at the end. */
  follow: boolean;
  /** Null if the run has no spending limit. */
  budget: RunBudget | null;
};

/** How much this run may spend in total (USD), given the limits and other turns now. The caller reports its own cost so far. */
export type RunBudget = { left(spent: number): number };

/** A permission, question, plan or budget that needs a person. */
export type AskedPrompt = {
  id: string;
  kind: PromptKind;
  tool: string;
  input: Record<string, unknown>;
  reason: string | null;
  parent_tool_id: string | null;
  /** The tool call that waits, if the agent says so. */
  tool_id?: string | null;
};

/** A person's reply. `answers` maps each question to its answer; several labels are joined. */
export type PromptReply =
  | {
      decision: 'allow';
      input: Record<string, unknown>;
      answers?: Record<string, string>;
      permissionMode?: string;
    }
  | { decision: 'deny'; message: string; interrupt: boolean };

/** A prompt together with its reply channel. */
export type PromptRequest = {
  prompt: AskedPrompt;
  /** Delivers the reply. False if the agent no longer waits for one. */
  respond(reply: PromptReply): boolean;
  /** Aborted when the agent no longer waits: it has a reply, it withdrew the prompt, or the run has ended. */
  signal: AbortSignal;
};

/** The output of a run. `parent_tool_id` is set on the output of a sub-agent. */
export type AgentOutput =
  | { type: 'text' | 'thinking'; text: string }
  | { type: 'message'; message_id: string; text: string; parts: MessagePart[]; parent_tool_id: string | null }
  | {
      type: 'tool.started';
      tool_id: string;
      name: string;
      input: string;
      change?: FileChange;
      parent_tool_id: string | null;
    }
  | {
      type: 'tool.finished';
      tool_id: string;
      output: string;
      is_error: boolean;
      denied?: Denied;
      parent_tool_id: string | null;
    }
  | { type: 'retrying'; reason: string; attempt: number; discard_text: boolean }
  | { type: 'usage'; usage: Record<string, unknown>; contextTokens: number }
  | ({ type: 'prompt.asked' } & PromptRequest)
  /** `code` is set if readers of the turn should see it. */
  | { type: 'warning'; text: string; code?: TurnWarning['code'] };

/** The end of a run. */
export type RunEnd =
  | {
      kind: 'answer';
      response: string;
      sessionId: string;
      /** The cost of this run alone, in USD. */
      cost: number;
      /** The total that the agent reports: of the session, or (older versions) of the process. */
      totalCost: number;
      turns: number;
      durationMs: number;
      usage: Record<string, unknown>;
      permissionDenials: unknown[];
      structuredOutput?: unknown;
      contextWindow: number | null;
    }
  /** `exit` is set if the process ended without reporting an error. */
  | {
      kind: 'failure';
      code: ErrorCode;
      detail: string;
      cost: number | null;
      exit?: { code: number | null; signal: string | null };
      /** A fault of the server itself, for its log. */
      fault?: unknown;
    };

/** A run that was started. */
export interface Run {
  /** Resolves when the process has started, which occupies one core. */
  readonly started: Promise<void>;
  /** Resolves when the agent works on the message, if that can be later than the start: the time limit of a turn begins then. */
  readonly begun?: Promise<void>;
  readonly end: Promise<RunEnd>;
  /** Resolves when the session is free again. May be long after `end` if a background shell keeps running. */
  readonly exited: Promise<void>;
  /** Ends the run and its tools, and resolves when they have ended. A live process stays usable. */
  stop(): Promise<void>;
  /** Sends another message to the run at its next step, as a separate run. Null if the agent does not support it. */
  steer: ((spec: RunSpec, onOutput: (output: AgentOutput) => void) => Run) | null;
}

export type AgentStatus = {
  found: boolean;
  path: string | null;
  version: string | null;
  logged_in: boolean | null;
  hint: string | null;
};

/** Events of live processes that belong to no run. */
export type LiveListener = {
  /** A live process was opened or closed; `isLost` if it ended unexpectedly. */
  changed(sessionId: string, isLost: boolean): void;
  /** The current background work of a session. */
  background(sessionId: string, tasks: readonly BackgroundTask[]): void;
  /** Background work has ended; killed work is never `completed`. */
  backgroundEnded(
    sessionId: string,
    task: BackgroundTask,
    status: 'completed' | 'failed' | 'killed',
    summary: string,
  ): void;
  /**
   * The agent starts a turn that no message asked for, because background work has a result. Returns the handler of the
   * turn's output, or null to ignore it.
   */
  onAgentTurn(sessionId: string, about: string, run: Run): ((output: AgentOutput) => void) | null;
};

/** The commands and models that the agent offers, as it reports them. */
export type AgentMenu = {
  commands: { name: string; description: string; argument_hint: string }[];
  models: { value: string; name: string; description: string }[];
};

/** The processes that stay open between turns. */
export interface LiveProcessPool {
  /** Starts the process of a session, or keeps it open. Resolves when it can accept a message. */
  warm(launch: Launch): Promise<void>;
  isOpen(sessionId: string): boolean;
  counts(): { open: number; busy: number; limit: number };
  /** Changes mode, model or effort of a running process. */
  adjust(
    sessionId: string,
    changes: Partial<Pick<Launch, 'permissionMode' | 'model' | 'effort'>>,
  ): Promise<void>;
  /** The last lines of background work, by its id. */
  readOutputTails(sessionId: string): Promise<ReadonlyMap<string, string>>;
  /** False if there is no such task. */
  stopTask(sessionId: string, taskId: string): Promise<boolean>;
  /** Closes the process of a session, if it has one. Throws AppError `background_busy` while its background work runs. */
  release(sessionId: string): Promise<void>;
  /** Closes the process of a session, if it has one, and ends its work. */
  close(sessionId: string): Promise<void>;
  /** Adds a listener. The first one that returns a handler for an agent's own turn has its output. */
  listen(listener: Partial<LiveListener>): void;
}

/** A session that is open in a CLI process now, whichever program started it. */
export type LiveSession = {
  sessionId: string;
  pid: number;
  status: 'idle' | 'busy' | 'waiting';
  /** When the status changed (ms), if the CLI reports it: a short turn can end between two polls. */
  statusAt: number | null;
  waitingFor: string | null;
  kind: 'interactive' | 'headless' | 'background';
  project: string | null;
  name: string | null;
  startedAt: string | null;
  bridgeUrl: string | null;
};

/** The options of a session in a terminal. */
export type TerminalLaunch = {
  sessionId: string;
  isNew: boolean;
  project: string;
  name: string | null;
  model: string | null;
  permissionMode: string;
  extraArgs: readonly string[];
  /** A file with additional settings. */
  settings: string | null;
};

/** An agent CLI on this machine. */
export interface Agent {
  readonly live: LiveProcessPool;
  readonly transcripts: Transcripts;
  /** Whether the CLI is installed and signed in, as it reports itself; cached for a minute. */
  getStatus(): Promise<AgentStatus>;
  /**
   * Starts a run; `onOutput` receives its output. Throws AppError `agent_not_found`, `project_not_found`
   * or `session_busy` if it cannot start.
   */
  run(spec: RunSpec, onOutput: (output: AgentOutput) => void): Promise<Run>;
  /** Throws AppError `command_refused` for a command that is not available here. */
  checkMessage(message: string, literal: boolean): void;
  /** The menu of the newest live process in a project, else in any project; null if there was none. */
  getCapabilities(project: string): AgentMenu | null;
  /** What a person is asked when a tool of this name needs approval. */
  getPromptKind(tool: string): PromptKind;
  /** The sessions that are open now in any process on this machine. */
  listLiveSessions(): Promise<LiveSession[]>;
  /**
   * The command of a session in a terminal. Answers the questions of the CLI's first start.
   * Throws AppError `agent_not_found` or `not_logged_in`.
   */
  getTerminalCommand(launch: TerminalLaunch): Promise<readonly string[]>;
  /** Throws AppError `session_busy` if a process has the session open that holds no lease of it. */
  requireFree(sessionId: string): Promise<void>;
  /** Ends live processes and everything else that was started besides runs. */
  dispose(): Promise<void>;
  /** Ends a process that an earlier server left running. */
  killOrphan(process: ProcessRecord): Promise<void>;
}

/** An agent process on disk, so that the next server finds it: by pid and start time, or by its tag. */
export type ProcessRecord = { spawnTag: string; pid: number | null; pidStart: string | null };

/** The agent processes that run now, on disk. */
export interface ProcessRegistry {
  /** Never throws: if the disk refuses, the process is found by its tag. */
  record(process: ProcessRecord): void;
  remove(spawnTag: string): void;
}
