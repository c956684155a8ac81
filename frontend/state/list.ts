import { computed, signal } from '@preact/signals';
import type { ConversationSummary } from '../../contract/conversation.ts';
import type { StoredEvent } from '../../contract/event.ts';
import { call } from '../api/client.ts';
import { type List, reduceList, sortRows } from './list-reducer.ts';
import { runReported, signedIn, user } from './session.ts';

export const list = signal<List>({ conversations: [], prompts: [] });

/** Conversations that will be deleted in a moment: they are hidden, and can still be restored. */
export const leaving = signal<readonly string[]>([]);

/** The number of rows that are read at once. */
const pageSize = 200;

export const rows = computed(() =>
  list.value.conversations.filter(({ archived, id }) => !archived && !leaving.value.includes(id)),
);

export const titleOf = (id: string): string =>
  list.value.conversations.find((row) => row.id === id)?.title ?? id;

/** Events that arrived while the list was being read, which may be older than them. */
let during: StoredEvent[] = [];
let readings = 0;

export function applyToList(events: readonly StoredEvent[]): void {
  if (readings) during.push(...events);
  const next = events.reduce(reduceList, list.value);
  if (next !== list.value) list.value = next;
}

export function setList(next: List): void {
  list.value = { ...next, conversations: sortRows(next.conversations) };
}

/** Reads the list again. */
export async function loadList(): Promise<boolean> {
  if (!readings) during = [];
  readings += 1;
  const isRead = await runReported(readList);
  readings -= 1;
  return isRead;
}

async function readList(): Promise<void> {
  const [{ conversations }, { prompts }, status] = await Promise.all([
    call('listConversations', { query: { archived: 'false', limit: pageSize } }),
    call('listPrompts', {}),
    user.value ? null : call('status', {}),
  ]);
  const archived = list.value.conversations.filter((row) => row.archived);
  setList({ conversations: [...conversations, ...archived], prompts });
  if (status) user.value = { name: '', project: status.project };
  signedIn.value = true;
  applyLate();
}

function applyLate(): void {
  list.value = during.reduce(reduceList, list.value);
}

/** Reads the archived ones in. */
export function loadArchived(): Promise<boolean> {
  return runReported(async () => {
    const { conversations } = await call('listConversations', {
      query: { archived: 'true', limit: pageSize },
    });
    setList({
      ...list.value,
      conversations: [...list.value.conversations.filter((row) => !row.archived), ...conversations],
    });
  });
}

type Changes = Parameters<typeof call<'changeConversation'>>[1]['body'];

export function changeConversation(id: string, changes: Changes): Promise<boolean> {
  return runReported(() => call('changeConversation', { params: { id }, body: changes }));
}

/** How long a deletion can be undone. */
export const undoMs = 6000;

const pendingDeletes = new Map<string, ReturnType<typeof setTimeout>>();

/** Deletes a conversation in a moment: until then it can be restored. */
export function deleteSoon(row: ConversationSummary): void {
  leaving.value = [...leaving.value, row.id];
  pendingDeletes.set(
    row.id,
    setTimeout(() => void deleteNow(row.id), undoMs),
  );
}

export function undoDelete(id: string): void {
  clearTimeout(pendingDeletes.get(id));
  pendingDeletes.delete(id);
  leaving.value = leaving.value.filter((one) => one !== id);
}

async function deleteNow(id: string): Promise<void> {
  pendingDeletes.delete(id);
  const isDone = await runReported(() => call('deleteConversation', { params: { id } }, { keepalive: true }));
  if (isDone)
    setList({ ...list.value, conversations: list.value.conversations.filter((row) => row.id !== id) });
  leaving.value = leaving.value.filter((one) => one !== id);
}

/** The page is being closed: pending deletions happen now. */
export function deleteLeaving(): void {
  for (const [id, timer] of pendingDeletes) {
    clearTimeout(timer);
    void deleteNow(id);
  }
}
