import { stat } from 'node:fs/promises';
import { AppError } from '../../app-error.ts';
import { findReply, joinWrittenText } from '../../transcript/answer.ts';
import { parseCursor } from '../../transcript/history-page.ts';
import { copyTranscript } from '../../transcript-file/copy.ts';
import { readLastActivity, readPage, readProject, readSince, readWhole } from '../../transcript-file/page.ts';
import { findTranscript } from '../../transcript-file/paths.ts';
import { repairTranscript } from '../../transcript-file/repair.ts';
import { appendTitle } from '../../transcript-file/title.ts';
import { hasAnswerBetween, isUsable, lacksBeginning } from '../../transcript-file/usable.ts';
import { unlessExhausted } from '../../util/file-error.ts';
import type { Transcripts } from '../transcript-port.ts';
import { readPromptHistory } from './prompt-history.ts';
import { toTerminalFailure } from './result.ts';

/** The transcripts under the home folder of Claude Code. */
export class ClaudeTranscripts implements Transcripts {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  async find(sessionId: string, project?: string) {
    const path = await this.#findPath(sessionId, project);
    // A transcript that cannot be read counts as missing, unless the machine is exhausted and it can be read later.
    const folder = path && (await readProject(path).catch(unlessExhausted(null)));
    return folder ? { project: folder } : null;
  }

  async getState(sessionId: string, project: string) {
    const path = await this.#findPath(sessionId, project);
    if (!path) return 'none';
    return (await isUsable(path)) ? 'usable' : 'unusable';
  }

  async existedBefore(sessionId: string, at: string) {
    const path = await this.#findPath(sessionId);
    return path !== null && (await stat(path)).birthtime < new Date(at);
  }

  async readPage(sessionId: string, project: string, page: Parameters<Transcripts['readPage']>[2]) {
    const { limit, before } = page;
    const cursor = before === undefined ? undefined : parseCursor(before);
    if (cursor === null) {
      const detail = 'before: use the cursor that a page of this history gave';
      throw new AppError('invalid_request', detail, { field: 'before' });
    }
    const path = await this.#findPath(sessionId, project);
    return path ? readPage(path, { limit, before: cursor }) : { messages: [], before: null };
  }

  async *readAll(sessionId: string, project: string) {
    const path = await this.#findPath(sessionId, project);
    if (path) yield* readWhole(path);
  }

  async readLastActivity(sessionId: string, project?: string) {
    const path = await this.#findPath(sessionId, project);
    return path ? readLastActivity(path) : null;
  }

  async readTextSince(sessionId: string, project: string, at: string) {
    const path = await this.#findPath(sessionId, project);
    return path ? joinWrittenText(await readSince(path, at)) : '';
  }

  async findReply(message: string, where: Parameters<Transcripts['findReply']>[1]) {
    const path = await this.#findPath(where.sessionId, where.project);
    const reply = path && findReply(await readSince(path, where.at), message);
    if (!reply) return null;
    return { text: reply.text, isSuperseded: reply.isSuperseded, failure: toTerminalFailure(reply) };
  }

  async keepsAnswer(
    answer: Parameters<Transcripts['keepsAnswer']>[0],
    { project, from, to }: Parameters<Transcripts['keepsAnswer']>[1],
  ) {
    const { usage, response, structuredOutput } = answer;
    const path = await this.#findPath(answer.sessionId, project);
    if (!path) return false;
    // A command of the CLI itself leaves no answer; a structured one is the input of a tool.
    const isOfModel =
      Number(usage['output_tokens']) > 0 && response.trim() !== '' && structuredOutput === undefined;
    return isOfModel ? hasAnswerBetween(path, from, to) : isUsable(path);
  }

  async lacksBeginning(sessionId: string, project: string, since: string) {
    const path = await this.#findPath(sessionId, project);
    return path !== null && lacksBeginning(path, since);
  }

  readPromptHistory(filter: Parameters<Transcripts['readPromptHistory']>[0]) {
    return readPromptHistory(this.#home, filter);
  }

  async setTitle(sessionId: string, project: string | undefined, title: string) {
    const path = await this.#findPath(sessionId, project);
    if (path) await appendTitle(path, sessionId, title);
    return path !== null;
  }

  async repair(sessionId: string, project: string | undefined, copyTo: string | null) {
    const path = await this.#findPath(sessionId, project);
    return path ? repairTranscript(path, copyTo) : null;
  }

  async fork({ sessionId, project, until }: Parameters<Transcripts['fork']>[0], newId: string) {
    const path = await this.#findPath(sessionId, project);
    return path ? copyTranscript(path, { until, sessionId: newId }) : false;
  }

  #findPath(sessionId: string, project?: string): Promise<string | null> {
    return findTranscript(this.#home, sessionId, project);
  }
}
