import type { z } from 'zod';
import type { HistoryPage } from '../../contract/message.ts';
import type { Repair } from '../../contract/repair.ts';
import type {
  Diagnosis,
  SearchAnswer,
  Session,
  SessionKind,
  SessionPage,
  SessionState,
  TypedPrompt,
} from '../../contract/session.ts';
import type { SearchQuery } from '../session-index/port.ts';
import type { TerminalListener, TerminalStream } from '../terminal/port.ts';

/** The folders of this machine that agents may work in. */
export interface Projects {
  /**
   * The roots, or the folders inside `path`, by name. `parent` is null for a root.
   * Throws AppError `project_not_found` or `project_not_allowed`.
   */
  folders(path: string | undefined): Promise<{
    path: string | null;
    parent: string | null;
    folders: { name: string; path: string; is_project: boolean }[];
  }>;
  /** Files of a project whose path matches, best first; without what git ignores. */
  files(project: string, query: string, limit: number): Promise<string[]>;
}

export type SessionFilter = {
  project?: string | undefined;
  states?: readonly SessionState[] | undefined;
  kind?: SessionKind | undefined;
  q?: string | undefined;
  withForks: boolean;
  limit: number;
  cursor?: string | undefined;
};

/** A machine on which sessions live. */
export interface Host {
  /** Live ones first, then newest first. Throws AppError `invalid_request` for an invalid cursor. */
  sessions(filter: SessionFilter): Promise<z.infer<typeof SessionPage>>;
  /** By a whole id or an id prefix. Throws AppError `session_not_found` or `session_ambiguous`. */
  session(idOrPrefix: string): Promise<Session>;
  messages(idOrPrefix: string, page: { limit: number; before?: string | undefined }): Promise<HistoryPage>;
  diagnose(idOrPrefix: string): Promise<Diagnosis>;
  /** Throws AppError `invalid_request` for a search without a word. */
  search(query: SearchQuery): Promise<z.infer<typeof SearchAnswer>>;
  /**
   * Starts a session in a terminal. Throws AppError `tmux_not_found`, `agent_not_found`, `not_logged_in`,
   * `terminal_failed`.
   */
  start(how: {
    project: string;
    name: string | null;
    model: string | null;
    permissionMode: string;
    args: readonly string[];
  }): Promise<Session>;
  /**
   * Opens an ended session; messages for it wait meanwhile. With `interrupt`, the work of its process is
   * ended first, and a turn by that function. Throws as `start`, and `session_busy`, `conversation_busy`,
   * `background_busy`.
   */
  resume(
    idOrPrefix: string,
    how: { model: string | null; permissionMode: string; interrupt?: () => Promise<void> },
  ): Promise<Session>;
  /** These throw AppError `terminal_not_ours`; `send` also `terminal_waits`, `terminal_failed`. */
  send(idOrPrefix: string, message: string): Promise<Pick<Session, 'id' | 'state'>>;
  interrupt(idOrPrefix: string): Promise<Pick<Session, 'id' | 'state'>>;
  screen(idOrPrefix: string): Promise<{ id: string; text: string }>;
  /** Throws as `send`. */
  follow(idOrPrefix: string, on: TerminalListener): Promise<TerminalStream>;
  kill(idOrPrefix: string): Promise<{ killed: string }>;
  /** Ends the terminals that were idle for `idleS` seconds; busy ones too with `busy`. */
  killIdle(how: {
    idleS: number;
    busy: boolean;
  }): Promise<{ killed: string[]; failed: { id: string; detail: string }[] }>;
  /** Without `dryRun`, writes a repaired copy. */
  repair(idOrPrefix: string, how: { dryRun: boolean }): Promise<Repair>;
  rename(idOrPrefix: string, title: string): Promise<Session>;
  readPromptHistory(filter: {
    q?: string | undefined;
    project?: string | undefined;
    limit: number;
  }): Promise<TypedPrompt[]>;
}
