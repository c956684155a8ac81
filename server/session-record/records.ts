import type { ArchiveRecord } from '../../contract/archive.ts';
import { AppError } from '../app-error.ts';
import { stripEscapes } from '../terminal/output-log.ts';
import { ifStored } from '../util/if-stored.ts';
import { endAdvice } from './end-reason.ts';
import { newRecord } from './new-record.ts';
import type { SessionRecord, SessionRecordFilter } from './port.ts';
import { type PlannedEnd, TerminalWatch, type TerminalWatchDeps } from './terminal-watch.ts';

/** A shorter id prefix names nothing. */
const minPrefix = 4;

export type SessionRecordsDeps = TerminalWatchDeps & { newId(): string };

type StartedTerminal = Pick<SessionRecord, 'session_id' | 'terminal' | 'project' | 'name' | 'hook_hash'>;

export const createSessionRecords = (deps: SessionRecordsDeps): SessionRecords => new SessionRecords(deps);

/** The records of the sessions that were started here, in terminals or for messages. */
export class SessionRecords {
  readonly #deps: SessionRecordsDeps;
  readonly #watch: TerminalWatch;

  constructor(deps: SessionRecordsDeps) {
    this.#deps = deps;
    this.#watch = new TerminalWatch(deps);
  }

  /** The id of a terminal that is about to be opened, and the command that takes its output. */
  draft(): { id: string; logCommand: string } {
    const id = this.#deps.newId();
    return { id, logCommand: this.#deps.logs.command(id) };
  }

  /** Records a terminal whose process exists. */
  async begin(id: string, terminal: StartedTerminal, pid: number): Promise<void> {
    const { now, startOf, logs } = this.#deps;
    const started_at = now().toISOString();
    const pidStart = await startOf(pid);
    this.#watch.addRecord(newRecord({ id, door: 'terminal', ...terminal, started_at, pid, pidStart }));
    await logs.prune(this.#watch.ids());
  }

  /** Checks the terminals that an earlier server left. */
  start(): void {
    this.#watch.start();
  }

  /** The terminal is ready: its end is watched from now on. */
  ready(id: string): void {
    this.#watch.markReady(id);
  }

  /** A terminal is about to be ended from here, whoever sees it first. */
  expectEnd(pid: number, reason: PlannedEnd): void {
    this.#watch.expectEnd(pid, reason);
  }

  /** A terminal was ended from here. */
  end(pid: number): Promise<void> {
    return this.#watch.endProcess(pid);
  }

  /**
   * Whether a process is that of a terminal which was started here: the socket may have terminals of another
   * server.
   */
  isOwnProcess(pid: number): boolean {
    return this.#watch.hasProcess(pid);
  }

  /** The record of a terminal that has not ended. */
  live(id: string): SessionRecord | null {
    return this.#watch.find(id);
  }

  /** The records of the terminals that have not ended. */
  listOpen(): SessionRecord[] {
    return this.#watch.list();
  }

  /** The newest record of a session. */
  async ofSession(sessionId: string): Promise<ArchiveRecord | null> {
    // If records cannot be read, a session is shown without one.
    const record = ifStored(() => this.#deps.store.listBySession(sessionId), null);
    return record && this.#present(record);
  }

  async list(filter: SessionRecordFilter): Promise<{ records: ArchiveRecord[]; before: string | null }> {
    const matches: SessionRecord[] = [];
    for (const record of this.#deps.store.listNewest(filter.before)) {
      if (matchesFilter(record, filter)) matches.push(record);
      if (matches.length > filter.limit) break;
    }
    const page = matches.slice(0, filter.limit);
    return {
      records: await Promise.all(page.map((record) => this.#present(record))),
      before: matches.length > page.length ? (page.at(-1)?.id ?? null) : null,
    };
  }

  async read(id: string): Promise<ArchiveRecord> {
    return this.#present(this.#requireRecord(id));
  }

  /** The end of a terminal's log. */
  async log(id: string, { bytes, raw }: { bytes: number; raw: boolean }): Promise<Buffer | string> {
    const tail = await this.#deps.logs.tail(this.#requireRecord(id).id, bytes);
    return raw ? tail : stripEscapes(tail);
  }

  async label(id: string, label: string | null): Promise<ArchiveRecord> {
    return this.#changeRecord(id, { label: label || null });
  }

  async hide(id: string, hidden: boolean): Promise<ArchiveRecord> {
    return this.#changeRecord(id, { hidden });
  }

  dispose(): Promise<void> {
    return this.#watch.dispose();
  }

  #changeRecord(id: string, changes: Partial<SessionRecord>): Promise<ArchiveRecord> {
    const record = Object.assign(this.#requireRecord(id), changes);
    this.#deps.store.save(record);
    return this.#present(record);
  }

  #requireRecord(id: string): SessionRecord {
    const record = this.#watch.find(id) ?? this.#deps.store.get(id) ?? this.#findByPrefix(id);
    if (record) return record;
    const detail = `There is no record ${JSON.stringify(id)} in the archive.`;
    throw new AppError('record_not_found', detail, { field: 'id' });
  }

  #findByPrefix(prefix: string): SessionRecord | null {
    if (prefix.length < minPrefix) return null;
    const matches = [...this.#deps.store.listNewest(undefined)].filter(({ id }) => id.startsWith(prefix));
    return matches.length === 1 ? (matches[0] as SessionRecord) : null;
  }

  async #present(record: SessionRecord): Promise<ArchiveRecord> {
    const { pid: _pid, pidStart: _pidStart, hook_hash: _hash, ...fields } = record;
    const log = await this.#deps.logs.about(record.id);
    return { ...fields, advice: record.reason && endAdvice[record.reason], log_bytes: log?.bytes ?? 0 };
  }
}

function matchesFilter(record: SessionRecord, filter: SessionRecordFilter): boolean {
  if (record.hidden && !filter.hidden) return false;
  if (filter.door && record.door !== filter.door) return false;
  if (filter.session_id && record.session_id !== filter.session_id) return false;
  if (filter.ended !== undefined && filter.ended !== (record.ended_at !== null)) return false;
  if (!filter.q) return true;
  const { project, name, label, session_id } = record;
  const text = `${project}\n${name ?? ''}\n${label ?? ''}\n${session_id}`;
  return text.toLowerCase().includes(filter.q.toLowerCase());
}
