import { join } from 'node:path';
import { Low } from 'lowdb';
import { z } from 'zod';
import { AppError } from '../app-error.ts';
import { createJsonFile, type Damage } from './json-file.ts';
import type { ConversationRecord, MappingStore } from './port.ts';

/** An entry as the original system, or a hand, may have written it: what is missing is filled in. */
const Entry = z.looseObject({
  session_id: z
    .string()
    .nullish()
    .transform((id) => id || null),
  created_at: z.string().optional(),
  last_message_at: z.string().nullish(),
  turn_count: z
    .number()
    .nullish()
    .transform((count) => count ?? 0),
  last_message: z
    .string()
    .nullish()
    .transform((text) => text ?? null),
});

const File = z.object({ conversations: z.record(z.string(), Entry) });

type Shape = { conversations: Record<string, ConversationRecord> };

/** How long until a write that the disk refused is tried again. */
const retryMs = 500;

/** Opens `sessions.json` in the data folder, taking over a file that the original system wrote. */
export async function openMappingStore(deps: { folder: string; now(): Date; onDamage(damage: Damage): void }): Promise<MappingStore> {
  const file = join(deps.folder, 'sessions.json');
  const parse = (value: unknown): Shape => {
    const { conversations } = File.parse(value);
    const entries = Object.entries(conversations).map(([id, entry]) => {
      const created_at = entry.created_at ?? entry.last_message_at ?? deps.now().toISOString();
      return [id, { ...entry, created_at, last_message_at: entry.last_message_at ?? created_at }] as const;
    });
    return { conversations: Object.fromEntries(entries) };
  };
  const low = new Low<Shape>(createJsonFile(file, { parse, onDamage: deps.onDamage }), { conversations: {} });
  await low.read();
  const records = new Map(Object.entries(low.data.conversations));
  let trouble: string | null = null;
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  let retry: NodeJS.Timeout | null = null;

  async function write(): Promise<void> {
    try {
      low.data.conversations = Object.fromEntries(records);
      await low.write();
      trouble = null;
    } catch (error) {
      if (!isDiskError(error)) throw error;
      trouble = (error as Error).message;
      retry ??= setTimeout(() => {
        retry = null;
        save().catch(() => {}); // It comes back here, and tries again.
      }, retryMs);
      throw new AppError('storage_unavailable', `${file} cannot be written: ${trouble}`, { cause: error });
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

  return {
    all: () => records,
    get: (id) => records.get(id),
    put(id, record) {
      records.set(id, record);
      return save();
    },
    remove(id) {
      records.delete(id);
      return save();
    },
    trouble: () => trouble,
    async dispose() {
      if (retry) clearTimeout(retry);
      await (next ?? running)?.catch(() => {});
    },
  };
}

/** Faults of the disk have a code of the system; anything else is a fault of ours, and is not to be retried. */
const isDiskError = (error: unknown): boolean => /^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '');
