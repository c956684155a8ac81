import { database, type OutboxItem } from './database.ts';

/** The messages that are not on the server yet, in the order in which they were written. */
export async function readOutbox(): Promise<OutboxItem[]> {
  return (await database()).getAll('outbox');
}

/** Stores a message. Resolves when the browser has it on its disk. */
export async function addToOutbox(item: OutboxItem): Promise<void> {
  const transaction = (await database()).transaction('outbox', 'readwrite', { durability: 'strict' });
  await transaction.store.add(item as OutboxItem & { seq: number });
  await transaction.done;
}

export async function removeFromOutbox(id: string): Promise<void> {
  const db = await database();
  const key = await db.getKeyFromIndex('outbox', 'id', id);
  if (key !== undefined) await db.delete('outbox', key);
}

/** Records why a message was refused, or (with null) that it may be sent again. */
export async function markInOutbox(
  id: string,
  { problem, code }: Pick<OutboxItem, 'problem' | 'code'>,
): Promise<void> {
  const transaction = (await database()).transaction('outbox', 'readwrite');
  const item = await transaction.store.index('id').get(id);
  if (item) await transaction.store.put({ ...item, problem, code });
  await transaction.done;
}
