import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findTranscript, toProjectSlug } from '../../transcript-file/paths.ts';
import type { ModelMessage } from './model.ts';

type Line = {
  type: string;
  uuid?: string;
  parentUuid?: string | null;
  isMeta?: boolean;
  isSidechain?: boolean;
  totalCostUSD?: number;
  message?: { id?: string; content: string | object[] };
  attachment?: { type?: string; prompt?: string };
};

/** Appends to the transcript of a session in the format that the server reads, and loads it to resume. */
export class TranscriptWriter {
  readonly path: string;
  readonly #sessionId: string;
  readonly #project: string;
  readonly #now: () => Date;
  #parentUuid: string | null = null;
  #size = 0;

  private constructor(path: string, sessionId: string, project: string, now: () => Date) {
    this.path = path;
    this.#sessionId = sessionId;
    this.#project = project;
    this.#now = now;
  }

  static async open(deps: {
    home: string;
    sessionId: string;
    project: string;
    now(): Date;
  }): Promise<{ writer: TranscriptWriter; messages: ModelMessage[]; cost: number }> {
    const { home, sessionId } = deps;
    const project = await realpath(deps.project);
    const path =
      (await findTranscript(home, sessionId, project)) ??
      join(home, 'projects', toProjectSlug(project), `${sessionId}.jsonl`);
    const writer = new TranscriptWriter(path, sessionId, project, deps.now);
    return { writer, ...writer.#load() };
  }

  /** How long the file was after the last write of this writer. */
  get size(): number {
    return this.#size;
  }

  /** Appends an entry of the conversation. */
  append(type: string, more: object, uuid: string = randomUUID()): void {
    this.#write({
      parentUuid: this.#parentUuid,
      isSidechain: false,
      type,
      ...more,
      uuid,
      timestamp: this.#now().toISOString(),
      userType: 'external',
      entrypoint: 'sdk-cli',
      cwd: this.#project,
      sessionId: this.#sessionId,
      version: 'scripted',
    });
    this.#parentUuid = uuid;
  }

  /** Notes what the session has cost in total (USD). */
  appendCost(totalCostUSD: number): void {
    this.#write({ type: 'cost-state', totalCostUSD, sessionId: this.#sessionId });
  }

  #write(line: object): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const text = `${JSON.stringify(line)}\n`;
    appendFileSync(this.path, text);
    this.#size += Buffer.byteLength(text);
  }

  #load(): { messages: ModelMessage[]; cost: number } {
    const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
    const isCut = text !== '' && !text.endsWith('\n');
    if (isCut) appendFileSync(this.path, '\n');
    this.#size = Buffer.byteLength(text) + (isCut ? 1 : 0);
    const lines = text.split('\n').map(parseLine);
    const byId = new Map(lines.flatMap((line) => (line?.uuid ? [[line.uuid, line] as const] : [])));
    const leaf = lines.findLast((line) => line?.uuid && !line.isSidechain);
    const branch: Line[] = [];
    for (let line = leaf ?? undefined; line; line = byId.get(line.parentUuid ?? '')) branch.unshift(line);
    this.#parentUuid = leaf?.uuid ?? null;
    return {
      messages: toMessages(branch),
      cost: lines.findLast((line) => line?.type === 'cost-state')?.totalCostUSD ?? 0,
    };
  }
}

function parseLine(text: string): Line | null {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return null;
  }
}

/** The messages of a branch. One reply of the model is several lines with the same message id. */
function toMessages(branch: readonly Line[]): ModelMessage[] {
  const messages: ModelMessage[] = [];
  let replyId: string | undefined;
  for (const { type, isMeta, message, attachment } of branch) {
    if (attachment?.type === 'queued_command')
      messages.push({ role: 'user', content: String(attachment.prompt) });
    if (!message || isMeta || (type !== 'user' && type !== 'assistant')) continue;
    const last = messages.at(-1);
    const isSameReply = type === 'assistant' && message.id !== undefined && message.id === replyId;
    if (isSameReply && last && Array.isArray(last.content))
      last.content.push(...([message.content].flat() as object[]));
    else
      messages.push({
        role: type,
        content: Array.isArray(message.content) ? [...message.content] : message.content,
      });
    replyId = type === 'assistant' ? message.id : undefined;
  }
  return messages;
}
