import type { ConversationSummary } from '../../contract/conversation.ts';
import type { Prompt } from '../../contract/prompt.ts';
import { database, type SavedThread } from './database.ts';

/** So many conversations can be read without a connection. */
const maxThreads = 25;

const maxRows = 200;

/** Keeps the newest page of a conversation for the time without a connection. */
export async function saveThread(thread: SavedThread): Promise<void> {
  const db = await database();
  await db.put('thread', thread);
  const keys = await db.getAllKeysFromIndex('thread', 'at');
  for (const key of keys.slice(0, -maxThreads)) await db.delete('thread', key);
}

export async function removeThread(id: string): Promise<void> {
  await (await database()).delete('thread', id);
}

export async function readThread(id: string): Promise<SavedThread | undefined> {
  return (await database()).get('thread', id);
}

type SavedList = {
  conversations: ConversationSummary[];
  prompts: Prompt[];
  user: { name: string; project: string };
};

export async function saveList({ conversations, prompts, user }: SavedList): Promise<void> {
  await (await database()).put('list', {
    key: 'list',
    conversations: conversations.slice(0, maxRows),
    prompts,
    user,
  });
}

export async function readList(): Promise<SavedList | undefined> {
  return (await database()).get('list', 'list');
}
