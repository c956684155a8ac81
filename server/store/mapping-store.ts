import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import { ConvId } from '../../contract/common.ts';
import { replaceByOldNames, storedOptionsShape, takeOldNames } from '../../contract/conversation-options.ts';
import { AppError } from '../app-error.ts';
import { describeFileFault, type NoteFault } from '../util/file-fault.ts';
import { addFacts, countTurnsBefore, withTurnMarker } from './conversation-facts.ts';
import { createJsonFile } from './json-file.ts';
import type { ConversationRecord, MappingStore, NewConversationRecord, TurnStore } from './port.ts';

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
  turns_before: z.number().optional().catch(undefined),
  settled_turn: z.string().optional().catch(undefined),
});

const Entry = z
  .looseObject({})
  .transform(takeOldNames)
  .pipe(EntryFields)
  // Earlier versions named the newest turn that the entry includes. All turns of such an entry are in the journal, except
  // those of the original system, which `countTurnsBefore` finds.
  .transform(({ settled_turn, ...entry }) =>
    settled_turn ? { ...entry, turns_before: entry.turns_before ?? 0 } : entry,
  );

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
  turns: Pick<TurnStore, 'activityOf' | 'onActivity'>;
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
      const activity = deps.turns.activityOf(id);
      const created_at = entry.created_at ?? entry.last_message_at ?? deps.now().toISOString();
      const title = id === name ? {} : { title: name };
      taken[id] = {
        ...title,
        ...entry,
        ...(activity ? { turns_before: countTurnsBefore(entry, activity.completed) } : {}),
        created_at,
        last_message_at: entry.last_message_at ?? created_at,
      };
    }
    return { ...rest, conversations: taken };
  };
  const low = new Low<Shape>(createJsonFile(file, { parse, note: deps.note }), { conversations: {} });
  await low.read();
  /** As they were last written by a caller. */
  const stored = new Map<string, NewConversationRecord>();
  /** The same with the facts that follow from their turns. */
  const records = new Map<string, ConversationRecord>();
  for (const [id, record] of Object.entries(low.data.conversations)) set(id, record);
  let trouble: string | null = null;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let retry: NodeJS.Timeout | null = null;
  let later: NodeJS.Timeout | null = null;

  function set(id: string, record: NewConversationRecord | null): void {
    if (record) {
      stored.set(id, record);
      records.set(id, addFacts(record, deps.turns.activityOf(id)));
    } else {
      stored.delete(id);
      records.delete(id);
    }
  }

  const toStored = (id: string, record: ConversationRecord) =>
    replaceByOldNames(withTurnMarker(record, deps.turns.activityOf(id)));

  async function write(): Promise<void> {
    try {
      low.data.conversations = Object.fromEntries(
        [...records].map(([id, record]) => [id, toStored(id, record)]),
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
  async function change(id: string, record: NewConversationRecord | null): Promise<void> {
    const before = stored.get(id) ?? null;
    set(id, record);
    try {
      await save();
    } catch (error) {
      if ((stored.get(id) ?? null) === record) set(id, before);
      throw error;
    }
  }

  function saveLater(): void {
    later ??= setTimeout(() => {
      later = null;
      save().catch(() => {}); // The store retries, and reports the trouble.
    }, laterMs);
  }

  deps.turns.onActivity((id) => {
    const record = stored.get(id);
    if (!record) return;
    set(id, record);
    saveLater();
  });

  return {
    all: () => records,
    get: (id) => records.get(id),
    put: (id, record) => change(id, record),
    note(id, record) {
      set(id, record);
      saveLater();
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
