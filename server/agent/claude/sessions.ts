import { AppError } from '../../app-error.ts';
import { readCost } from '../../transcript-file/page.ts';
import { findTranscript } from '../../transcript-file/paths.ts';
import type { Launch } from '../port.ts';
import { findLiveProcess } from './live-sessions.ts';

/** What exists of a session before a process of it starts. */
export type SessionBefore = {
  isNew: boolean;
  /** The cost of the session so far (USD), as the CLI counts. */
  costBefore: number;
};

/** The sessions in the home folder of the CLI, as its processes need them. */
export class ClaudeSessions {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** The path of a transcript; null if there is none. */
  findTranscript(sessionId: string, project?: string): Promise<string | null> {
    return findTranscript(this.#home, sessionId, project);
  }

  /** Throws AppError `session_not_found`. */
  async requireTranscript(sessionId: string, project?: string): Promise<string> {
    const path = await this.findTranscript(sessionId, project);
    if (!path) throw new AppError('session_not_found', `There is no transcript of session ${sessionId}.`);
    return path;
  }

  async readBefore({ sessionId, project }: Launch): Promise<SessionBefore> {
    const path = await this.findTranscript(sessionId, project);
    return { isNew: path === null, costBefore: path ? await readCost(path).catch(() => 0) : 0 };
  }

  /** Throws AppError `session_busy` if a program other than the process `ownPid` has the session open. */
  async requireFree(sessionId: string, ownPid?: number): Promise<void> {
    const pid = await findLiveProcess(this.#home, sessionId, new Set(ownPid === undefined ? [] : [ownPid]));
    if (pid !== null) throw new AppError('session_busy', `Session ${sessionId} is open in process ${pid}.`);
  }
}
