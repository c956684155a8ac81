import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import { ConvId } from '../../contract/common.ts';
import { replaceByOldNames, storedOptionsShape, takeOldNames } from '../../contract/conversation-options.ts';
import { AppError } from '../app-error.ts';
import { describeFileFault, type NoteFault } from '../util/file-fault.ts';
import { createJsonFile } from './json-file.ts';
import type { ConversationRecord, MappingStore } from './port.ts';

/** An entry as the original system, or a hand, may have written it: what is missing is filled in. */
const EntryFields = z.looseObject({
  session_id: z
    .string()
    .nullish()
    .catch(null)
    .transform((id) => id || null),
  created_at: z.string().optional().catch(undefined),
  last_message_at: z.string().nullish().catch(undefined),
  turn_count: z.coerce.number().catch(0),
  last_message: z
    .string()
    .nullish()
    .catch(null)
    .transform((message) => message ?? null),
  ...storedOptionsShape,
  context: z.object({ tokens: z.number(), window: z.number().nullable() }).optional().catch(undefined),
  reset_at: z.string().optional().catch(undefined),
  settled_turn: z.string().optional().catch(undefined),
});

const Entry = z.looseObject({}).transform(takeOldNames).pipe(EntryFields);

/** Other fields, as a newer version may write them, are kept. */
const File = z.looseObject({ conversations: z.record(z.string(), z.unknown()) });

type Shape = { conversations: Record<string, ConversationRecord> };

/** How long a change may wait that nobody waits for: the disk is then left to the turn that begins. */
const laterMs = 150;

/** How long until a write that the disk refused is tried again. */
const retryMs = 500;

/** Opens `sessions.json` in the data folder, taking over a file that the original system wrote. */
export async function openMappingStore(deps: {
  folder: string;
  now(): Date;
  note: NoteFault;
  onOddEntry(name: string, what: string): void;
}): Promise<MappingStore> {
  const file = join(deps.folder, 'sessions.json');
  const parse = (value: unknown): Shape => {
    const taken: Shape['conversations'] = {};
    const { conversations, ...rest } = File.parse(value);
    for (const [name, given] of Object.entries(conversations)) {
      const { success, data: entry } = Entry.safeParse(given);
      if (!success) {
        deps.onOddEntry(name, 'it is no object and was left out');
        continue;
      }
      const id = freeId(name, taken);
      if (id !== name) deps.onOddEntry(name, `it is now called ${id}, with the old name as its title`);
      const created_at = entry.created_at ?? entry.last_message_at ?? deps.now().toISOString();
      const title = id === name ? {} : { title: name };
      taken[id] = {
        ...title,
        ...entry,
        created_at,
        last_message_at: entry.last_message_at ?? created_at,
      };
    }
    return { ...rest, conversations: taken };
  };
  const low = new Low<Shape>(createJsonFile(file, { parse, note: deps.note }), { conversations: {} });
  await low.read();
  const records = new Map(Object.entries(low.data.conversations));
  let trouble: string | null = null;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let retry: NodeJS.Timeout | null = null;
  let later: NodeJS.Timeout | null = null;

  async function write(): Promise<void> {
    try {
      low.data.conversations = Object.fromEntries(
        [...records].map(([id, record]) => [id, replaceByOldNames(record)]),
      );
      await low.write();
      trouble = null;
    } catch (error) {
      if (!isDiskError(error)) throw error;
      trouble = describeFileFault(file, error);
      retry ??= setTimeout(() => {
        retry = null;
        save().catch(() => {}); // It comes back here, and tries again.
      }, retryMs);
      throw new AppError('storage_unavailable', `${file} cannot be written: ${trouble}.`, { cause: error });
    }
  }

  /** One write at a time; all changes that come during one go into the next together. */
  function save(): Promise<void> {
    if (next) return next;
    const before = running ?? Promise.resolve();
    next = before
      .catch(() => {})
      .then(() => {
        running = next;
        next = null;
        return write();
      });
    return next;
  }

  /** A change that is refused has no effect: the next write, which succeeds, must not bring it after all. */
  async function change(id: string, record: ConversationRecord | null): Promise<void> {
    const before = records.get(id);
    if (record) records.set(id, record);
    else records.delete(id);
    try {
      await save();
    } catch (error) {
      if (records.get(id) === (record ?? undefined)) {
        if (before) records.set(id, before);
        else records.delete(id);
      }
      throw error;
    }
  }

  return {
    all: () => records,
    get: (id) => records.get(id),
    put: (id, record) => change(id, record),
    note(id, record) {
      records.set(id, record);
      later ??= setTimeout(() => {
        later = null;
        save().catch(() => {}); // It tries again by itself, and says so.
      }, laterMs);
    },
    remove: (id) => change(id, null),
    trouble: () => trouble,
    async dispose() {
      if (retry) clearTimeout(retry);
      const isDue = later !== null;
      if (later) clearTimeout(later);
      if (isDue) save().catch(() => {});
      await (next ?? running)?.catch(() => {});
      if (trouble) await save().catch(() => {});
      if (retry) clearTimeout(retry);
    },
  };
}

/** The original system took any name; ours must fit into an address. */
function freeId(name: string, taken: Record<string, unknown>): string {
  if (ConvId.safeParse(name).success) return name;
  const plain = `c-${name.replace(/[^A-Za-z0-9._-]+/g, '-')}`.slice(0, 60);
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? plain : `${plain}-${number}`;
    if (!(id in taken)) return id;
  }
}

/** Faults of the disk have a code of the system; anything else is a fault of ours, and is not to be retried. */
const isDiskError = (error: unknown): boolean =>
  /^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '');
