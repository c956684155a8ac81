import { join } from 'node:path';
import { Low } from 'lowdb';
import { replaceByOldNames } from '../../contract/conversation-options.ts';
import { AppError } from '../app-error.ts';
import { describeFileFault, type NoteFault } from '../util/file-fault.ts';
import { addFacts, withTurnMarker } from './conversation-facts.ts';
import { createJsonFile } from './json-file.ts';
import { type MappingContent, type MappingFormatDeps, parseMapping } from './mapping-format.ts';
import type { ConversationRecord, MappingStore, NewConversationRecord, TurnStore } from './port.ts';

/** A change that no caller waits for is written after this time, so that a turn that begins has the disk. */
const laterMs = 150;

/** The delay before a write that the disk refused is tried again. */
const retryDelayMs = 500;

type MappingStoreDeps = Omit<MappingFormatDeps, 'turns'> & {
  folder: string;
  turns: Pick<TurnStore, 'activityOf' | 'onActivity'>;
  note: NoteFault;
};

/** Opens `sessions.json` in the data folder, taking over a file that the original system wrote. */
export async function openMappingStore(deps: MappingStoreDeps): Promise<MappingStore> {
  const path = join(deps.folder, 'sessions.json');
  const parse = (value: unknown) => parseMapping(value, deps);
  const file = new Low<MappingContent>(createJsonFile(path, { parse, note: deps.note }), {
    conversations: {},
  });
  await file.read();
  return new FileMappingStore(file, path, deps.turns);
}

class FileMappingStore implements MappingStore {
  readonly #file: Low<MappingContent>;
  readonly #path: string;
  readonly #turns: Pick<TurnStore, 'activityOf' | 'onActivity'>;
  /** As a caller wrote them last. */
  readonly #stored = new Map<string, NewConversationRecord>();
  /** The same with the facts that follow from their turns. */
  readonly #records = new Map<string, ConversationRecord>();
  #trouble: string | null = null;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #laterTimer: NodeJS.Timeout | null = null;

  constructor(file: Low<MappingContent>, path: string, turns: Pick<TurnStore, 'activityOf' | 'onActivity'>) {
    this.#file = file;
    this.#path = path;
    this.#turns = turns;
    for (const [id, record] of Object.entries(file.data.conversations)) this.#set(id, record);
    turns.onActivity((id) => {
      const record = this.#stored.get(id);
      if (record) this.note(id, record);
    });
  }

  all(): ReadonlyMap<string, ConversationRecord> {
    return this.#records;
  }

  get(id: string): ConversationRecord | undefined {
    return this.#records.get(id);
  }

  put(id: string, record: NewConversationRecord): Promise<void> {
    return this.#change(id, record);
  }

  note(id: string, record: NewConversationRecord): void {
    this.#set(id, record);
    this.#laterTimer ??= setTimeout(() => {
      this.#laterTimer = null;
      this.#save().catch(() => {}); // The store retries, and reports the trouble.
    }, laterMs);
  }

  remove(id: string): Promise<void> {
    return this.#change(id, null);
  }

  trouble(): string | null {
    return this.#trouble;
  }

  async dispose(): Promise<void> {
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
    const isDue = this.#laterTimer !== null;
    if (this.#laterTimer) clearTimeout(this.#laterTimer);
    if (isDue) this.#save().catch(() => {});
    await (this.#next ?? this.#running)?.catch(() => {});
    if (this.#trouble) await this.#save().catch(() => {});
    if (this.#retryTimer) clearTimeout(this.#retryTimer);
  }

  #set(id: string, record: NewConversationRecord | null): void {
    if (record) {
      this.#stored.set(id, record);
      this.#records.set(id, addFacts(record, this.#turns.activityOf(id)));
    } else {
      this.#stored.delete(id);
      this.#records.delete(id);
    }
  }

  /** A change that is refused has no effect: the next write, which succeeds, must not apply it. */
  async #change(id: string, record: NewConversationRecord | null): Promise<void> {
    const before = this.#stored.get(id) ?? null;
    this.#set(id, record);
    try {
      await this.#save();
    } catch (error) {
      if ((this.#stored.get(id) ?? null) === record) this.#set(id, before);
      throw error;
    }
  }

  /** One write at a time; all changes that come during one go into the next together. */
  #save(): Promise<void> {
    if (this.#next) return this.#next;
    const before = this.#running ?? Promise.resolve();
    this.#next = before
      .catch(() => {})
      .then(() => {
        this.#running = this.#next;
        this.#next = null;
        return this.#write();
      });
    return this.#next;
  }

  async #write(): Promise<void> {
    try {
      const toStored = ([id, record]: [string, ConversationRecord]) =>
        [id, replaceByOldNames(withTurnMarker(record, this.#turns.activityOf(id)))] as const;
      this.#file.data.conversations = Object.fromEntries([...this.#records].map(toStored));
      await this.#file.write();
      this.#trouble = null;
    } catch (error) {
      if (!isDiskError(error)) throw error;
      this.#trouble = describeFileFault(this.#path, error);
      this.#retryTimer ??= setTimeout(() => {
        this.#retryTimer = null;
        this.#save().catch(() => {}); // A refused retry is retried too.
      }, retryDelayMs);
      const detail = `${this.#path} cannot be written: ${this.#trouble}.`;
      throw new AppError('storage_unavailable', detail, { cause: error });
    }
  }
}

/** Faults of the disk have a code of the system; anything else is a fault of ours, and is not to be retried. */
const isDiskError = (error: unknown): boolean =>
  /^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '');
