import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { ConversationSnapshot, ConversationSummary } from '../../contract/conversation.ts';
import type { HistoryPage } from '../../contract/message.ts';
import type { Prompt } from '../../contract/prompt.ts';

/** A message that is not on the server yet. `id` is its Idempotency-Key. */
export type OutboxItem = {
  id: string;
  /** The order in which they are sent. */
  seq?: number;
  conv_id: string;
  text: string;
  files: { name: string; type: string; blob: Blob }[];
  steer: boolean;
  created_at: string;
  /** Why it was not accepted, if a person has to decide what becomes of it. */
  problem: string | null;
  /** The code of the error with which the server refused it. */
  code?: string;
};

export type SavedThread = {
  id: string;
  snapshot: ConversationSnapshot;
  page: Pick<HistoryPage, 'messages' | 'turns' | 'before'>;
  at: string;
};
/** `from`: a page of Switchboard, or another app on the device. */
export type Shared = { id: number; text: string; files: OutboxItem['files']; from?: 'page' | 'app' };

interface Schema extends DBSchema {
  outbox: { key: number; value: OutboxItem & { seq: number }; indexes: { id: string } };
  thread: { key: string; value: SavedThread; indexes: { at: string } };
  list: {
    key: 'list';
    value: {
      key: 'list';
      conversations: ConversationSummary[];
      prompts: Prompt[];
      user: { name: string; project: string };
    };
  };
  shared: { key: number; value: Shared };
  /** What the worker needs and the page knows. */
  setting: { key: string; value: { key: string; value: string } };
}

let opened: Promise<IDBPDatabase<Schema>> | null = null;

/** What this browser stores: messages to send, and what was read last. The page and its worker both open it. */
export function database(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('switchboard', 1, {
    upgrade(db) {
      const outbox = db.createObjectStore('outbox', { keyPath: 'seq', autoIncrement: true });
      outbox.createIndex('id', 'id', { unique: true });
      const thread = db.createObjectStore('thread', { keyPath: 'id' });
      thread.createIndex('at', 'at');
      db.createObjectStore('list', { keyPath: 'key' });
      db.createObjectStore('shared', { keyPath: 'id' });
      db.createObjectStore('setting', { keyPath: 'key' });
    },
    terminated() {
      opened = null;
    },
  });
  opened.catch(() => {
    opened = null;
  });
  return opened;
}

/** Forgets what was read here; unsent messages stay for whoever signs in again. */
export async function forgetRead(): Promise<void> {
  const db = await database();
  await Promise.all([db.clear('thread'), db.clear('list')]);
}
