import type { BackgroundTask } from '../../contract/conversation.ts';
import type { ErrorCode } from '../../contract/error.ts';
import type { Denied, FileChange, HistoryMessage, HistoryPage, MessagePart } from '../../contract/message.ts';
import type { PromptKind } from '../../contract/prompt.ts';
import type { Repair } from '../../contract/repair.ts';
import type { TurnWarning } from '../../contract/turn.ts';
import type { LastActivity } from '../transcript/last-activity.ts';

/** A file that goes to the model as a block of the message. */
export type Attachment = { name: string; media_type: string; path: string };

/** What a process of an agent is started with. A live process serves turns whose launch is the same. */
export type Launch = {
  project: string;
  /** Made under this id where it does not exist yet. */
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
  /** The UUID that the message gets in the transcript, where the agent takes one. */
  messageId: string;
  message: string;
  /** Send a message that begins with `/` as text. */
  literal: boolean;
  attachments: readonly Attachment[];
  /** Somebody reads along: the output is wanted while it comes, not only at the end. */
  follow: boolean;
  /** Set where the run may spend only so much. */
  budget: RunBudget | null;
};

/** What this run may spend in all (USD), as limits and other turns stand now; it tells what it has spent so far. */
export type RunBudget = { left(spent: number): number };

/** What an agent asks a person. */
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

/** What a person answers. `answers` are joined texts by question. */
export type PromptReply =
  | { decision: 'allow'; input: Record<string, unknown>; answers?: Record<string, string>; permissionMode?: string }
  | { decision: 'deny'; message: string; interrupt: boolean };

/** What a run says while it goes on. `parent_tool_id` is set on what a sub-agent does. */
export type AgentOutput =
  | { type: 'text' | 'thinking'; text: string }
  | { type: 'message'; message_id: string; text: string; parts: MessagePart[]; parent_tool_id: string | null }
  | { type: 'tool.started'; tool_id: string; name: string; input: string; change?: FileChange; parent_tool_id: string | null }
  | { type: 'tool.finished'; tool_id: string; output: string; is_error: boolean; denied?: Denied; parent_tool_id: string | null }
  | { type: 'retrying'; reason: string; attempt: number; discard_text: boolean }
  | { type: 'usage'; usage: Record<string, unknown>; contextTokens: number }
  | { type: 'prompt.asked'; prompt: AskedPrompt }
  | { type: 'prompt.withdrawn'; id: string }
  /** `code` is set if whoever reads the turn should know. */
  | { type: 'warning'; text: string; code?: TurnWarning['code'] };

/** What a run came to. */
export type RunEnd =
  | {
      kind: 'answer';
      response: string;
      sessionId: string;
      /** What the run cost by itself, in USD. */
      cost: number;
      /** As the agent prints it: over the session, or (older versions) over the process. */
      totalCost: number;
      turns: number;
      durationMs: number;
      usage: Record<string, unknown>;
      permissionDenials: unknown[];
      structuredOutput?: unknown;
      contextWindow: number | null;
    }
  /** `exit` is set where its process ended without a word of its own. */
  | { kind: 'failure'; code: ErrorCode; detail: string; cost: number | null; exit?: { code: number | null; signal: string | null } };

/** What came of a message that was typed in a terminal: `isOver` when something else was said since. */
export type TerminalReply = { text: string; isSuperseded: boolean; failure: { code: ErrorCode; detail: string } | null };

/** A run that was started. */
export interface Run {
  /** Resolves when the start, which takes a core to itself, is behind it. */
  readonly started: Promise<void>;
  /** Resolves when its message is at work, where that can be later than its start: a turn's time begins then. */
  readonly begun?: Promise<void>;
  readonly end: Promise<RunEnd>;
  /** Resolves when nothing of it is in the way of the next turn; it can come long after `end`, where a background shell goes on. */
  readonly exited: Promise<void>;
  /** Ends the run and its tools. Resolves when that is done; a live process stays usable. */
  stop(): Promise<void>;
  /** Answers a prompt that it asked. False where it no longer waits for it. */
  answer(promptId: string, reply: PromptReply): boolean;
  /** Gives it a further message at its next step; its own run tells what becomes of that. Null where it takes none. */
  steer: ((spec: RunSpec, onOutput: (output: AgentOutput) => void) => Run) | null;
}

export type AgentStatus = {
  found: boolean;
  path: string | null;
  version: string | null;
  logged_in: boolean | null;
  hint: string | null;
};

/** What a live process tells besides its runs. */
export type LiveListener = {
  /** Whether a session has a live process has changed; `isLost` where it ended without being told to. */
  changed(sessionId: string, isLost: boolean): void;
  /** The background work of a session as it now stands. */
  background(sessionId: string, tasks: readonly BackgroundTask[]): void;
  /** Background work came to an end; what was killed is never `completed`. */
  backgroundEnded(sessionId: string, task: BackgroundTask, status: 'completed' | 'failed' | 'killed', summary: string): void;
  /**
   * The agent begins a turn that no message asked for: background work has something to tell. Gives what
   * takes the turn's output, or null where nobody wants it.
   */
  onAgentTurn(sessionId: string, about: string, run: Run): ((output: AgentOutput) => void) | null;
};

/** What can be chosen from, as the agent itself reports it. */
export type AgentMenu = {
  commands: { name: string; description: string; argument_hint: string }[];
  models: { value: string; name: string; description: string }[];
};

/** The processes that are kept open between turns. */
export interface LiveProcessPool {
  /** Starts the process of a session, or keeps it from being closed. Resolves when it can take a message. */
  warm(launch: Launch): Promise<void>;
  isOpen(sessionId: string): boolean;
  counts(): { open: number; busy: number; limit: number };
  /** Sets mode, model or effort in a running process. */
  adjust(sessionId: string, changes: Partial<Pick<Launch, 'permissionMode' | 'model' | 'effort'>>): Promise<void>;
  /** The last lines of background work, by its id. */
  readOutputTails(sessionId: string): Promise<ReadonlyMap<string, string>>;
  /** False where there is no such work. */
  stopTask(sessionId: string, taskId: string): Promise<boolean>;
  /** Closes the process of a session, if it has one. Throws AppError `background_busy` where work of its goes on. */
  release(sessionId: string): Promise<void>;
  /** Closes the process of a session, if it has one, with all that it does. */
  close(sessionId: string): Promise<void>;
  listen(listener: LiveListener): void;
}

/** A session that a process of the CLI has open now, whoever started it. */
export type LiveSession = {
  sessionId: string;
  pid: number;
  status: 'idle' | 'busy' | 'waiting';
  /** When that became so (ms), where the CLI says it: a short turn is over before anybody looks. */
  statusAt: number | null;
  waitingFor: string | null;
  kind: 'interactive' | 'headless' | 'background';
  project: string | null;
  name: string | null;
  startedAt: string | null;
  bridgeUrl: string | null;
};

/** A session in a terminal. */
export type TerminalLaunch = {
  sessionId: string;
  isNew: boolean;
  project: string;
  name: string | null;
  model: string | null;
  permissionMode: string;
  extraArgs: readonly string[];
  /** A file with settings of ours. */
  settings: string | null;
};

/** A prompt as it was typed in a terminal, from the CLI's own history. */
export type TypedLine = { text: string; project: string | null; sessionId: string | null; at: string | null };

/** An agent CLI on this machine. */
export interface Agent {
  readonly live: LiveProcessPool;
  /** Whether it is there and signed in; asked of the CLI itself, and remembered for a minute. */
  status(): Promise<AgentStatus>;
  /**
   * Starts a run; `onOutput` gets what it says. Throws AppError `agent_not_found`, `project_not_found`
   * or `session_busy` where it cannot start.
   */
  run(spec: RunSpec, onOutput: (output: AgentOutput) => void): Promise<Run>;
  /** Throws AppError `command_refused` for a message that is a command which makes no sense here. */
  checkMessage(message: string, literal: boolean): void;
  /** What its newest live process in a project offered; of another project where that had none, null where there was none at all. */
  getCapabilities(project: string): AgentMenu | null;
  /** Whether a session can be continued from its transcript; `unusable` if there is a file that holds nothing of it. */
  transcriptState(sessionId: string, project: string): Promise<'none' | 'unusable' | 'usable'>;
  /** Whether the transcript has an answer that came between two moments (ISO-8601). One that no model gave is not looked for. */
  keepsAnswer(answer: Extract<RunEnd, { kind: 'answer' }>, where: { project: string; from: string; to: string }): Promise<boolean>;
  /** The folder that a session belongs to; null where there is no transcript of it. */
  findSession(sessionId: string, project?: string): Promise<{ project: string } | null>;
  /** A page of a session's history. Throws AppError `invalid_request` for a cursor that is none. */
  history(
    sessionId: string,
    project: string,
    page: { limit: number; before?: string | undefined },
  ): Promise<Pick<HistoryPage, 'messages' | 'before'>>;
  /** The whole history of a session, in its order. */
  wholeHistory(sessionId: string, project: string): AsyncIterable<HistoryMessage>;
  /** What the model wrote in a session since `at` (ISO-8601), for a turn whose end was not seen. */
  readTextSince(sessionId: string, project: string, at: string): Promise<string>;
  /** What came since `at` of one message that was typed in a terminal; null where that is not in the transcript. */
  findReply(message: string, where: { sessionId: string; project: string; at: string }): Promise<TerminalReply | null>;
  /** What the sessions do that are open now, in any process of this machine. */
  liveSessions(): Promise<LiveSession[]>;
  /**
   * What to start for a session that a person types into, after the questions of its first start were answered.
   * Throws AppError `agent_not_found` or `not_logged_in`.
   */
  terminalCommand(how: TerminalLaunch): Promise<readonly string[]>;
  /** Keeps runs from beginning in a session until the function that it gives is called. Throws AppError `session_busy`. */
  lockSession(sessionId: string): Promise<() => void>;
  /** What a session did last; null where there is no transcript of it. */
  lastDeeds(sessionId: string, project?: string): Promise<LastActivity | null>;
  /** Whether a session was begun before `at` (ISO-8601). */
  existedBefore(sessionId: string, at: string): Promise<boolean>;
  /** What was typed in a terminal, newest first. */
  readPromptHistory(filter: { q?: string | undefined; project?: string | undefined; limit: number }): Promise<TypedLine[]>;
  /** Gives a session a title, as /rename does. False where there is no transcript of it. */
  setTitle(sessionId: string, project: string | undefined, title: string): Promise<boolean>;
  /** What is wrong with a session's transcript; with `copyTo` a mended copy is made under that id. Null where there is none. */
  repair(
    sessionId: string,
    project: string | undefined,
    copyTo: string | null,
  ): Promise<(Omit<Repair, 'id' | 'copy'> & { isCopied: boolean }) | null>;
  /** Makes a session from another one, whole or up to what stands there from before `until` (ISO-8601). False where that is nothing. */
  fork(from: { sessionId: string; project: string; until: string | null }, sessionId: string): Promise<boolean>;
  /** Ends the live processes, and what it started besides runs. */
  dispose(): Promise<void>;
  /** Ends what an earlier server process left running. */
  killOrphans(left: ProcessRecord): Promise<void>;
}

/** A process of an agent as it is noted on disk, so that the next server finds it: by pid and start, or by the mark. */
export type ProcessRecord = { spawnTag: string; pid: number | null; pidStart: string | null };

/** Where the processes of agents are noted while they live. */
export interface ProcessRegistry {
  /** Throws nothing: where the disk refuses, the process is found by its mark. */
  record(process: ProcessRecord): void;
  remove(mark: string): void;
}
