import type { ErrorCode } from '../../contract/error.ts';
import type { HistoryMessage, HistoryPage } from '../../contract/message.ts';
import type { Repair } from '../../contract/repair.ts';
import type { LastActivity } from '../transcript/last-activity.ts';

/** The reply to a message that was typed in a terminal; `isSuperseded` if a later message followed it. */
export type TerminalReply = {
  text: string;
  isSuperseded: boolean;
  failure: { code: ErrorCode; detail: string } | null;
};

/** A prompt as it was typed in a terminal, from the agent's own history. */
export type TypedLine = { text: string; project: string | null; sessionId: string | null; at: string | null };

/** The answer of a run, as far as a transcript shows whether it was kept. */
export type GivenAnswer = {
  sessionId: string;
  response: string;
  usage: Record<string, unknown>;
  structuredOutput?: unknown;
};

/** The records that an agent keeps of its sessions. A session without a transcript is not an error. */
export interface Transcripts {
  /** The folder of a session; null if it has no transcript. */
  find(sessionId: string, project?: string): Promise<{ project: string } | null>;
  /** Whether a session can be continued from its transcript; `unusable` if it has no messages. */
  getState(sessionId: string, project: string): Promise<'none' | 'unusable' | 'usable'>;
  /** Whether a session existed before `at` (ISO-8601). */
  existedBefore(sessionId: string, at: string): Promise<boolean>;
  /** A page of a session's history. Throws AppError `invalid_request` for an invalid cursor. */
  readPage(
    sessionId: string,
    project: string,
    page: { limit: number; before?: string | undefined },
  ): Promise<Pick<HistoryPage, 'messages' | 'before'>>;
  /** The whole history of a session, in order. */
  readAll(sessionId: string, project: string): AsyncIterable<HistoryMessage>;
  /** What a session did last; null if it has no transcript. */
  readLastActivity(sessionId: string, project?: string): Promise<LastActivity | null>;
  /** The text that the model wrote in a session since `at` (ISO-8601), for a turn whose end was not seen. */
  readTextSince(sessionId: string, project: string, at: string): Promise<string>;
  /** The reply since `at` to a message that was typed in a terminal; null if the message is not in the transcript. */
  findReply(
    message: string,
    where: { sessionId: string; project: string; at: string },
  ): Promise<TerminalReply | null>;
  /** Whether an answer of between two times (ISO-8601) was kept. Answers that no model gave count as kept. */
  keepsAnswer(answer: GivenAnswer, where: { project: string; from: string; to: string }): Promise<boolean>;
  /** Whether a transcript was deleted or replaced since a time (ISO-8601), so that it lacks what was said before. */
  lacksBeginning(sessionId: string, project: string, since: string): Promise<boolean>;
  /** Prompts that were typed in a terminal, newest first. */
  readPromptHistory(filter: {
    q?: string | undefined;
    project?: string | undefined;
    limit: number;
  }): Promise<TypedLine[]>;
  /** Sets the title of a session. False if it has no transcript. */
  setTitle(sessionId: string, project: string | undefined, title: string): Promise<boolean>;
  /** Finds faults of a transcript; with `copyTo`, writes a repaired copy with that id. Null if there is no transcript. */
  repair(
    sessionId: string,
    project: string | undefined,
    copyTo: string | null,
  ): Promise<(Omit<Repair, 'id' | 'copy'> & { isCopied: boolean }) | null>;
  /** Copies a session, whole or up to `until` (ISO-8601). False if there is nothing to copy. */
  fork(
    from: { sessionId: string; project: string; until: string | null },
    sessionId: string,
  ): Promise<boolean>;
}
