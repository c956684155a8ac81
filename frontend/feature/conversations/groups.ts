import type { ConversationSummary } from '../../../contract/conversation.ts';
import type { Prompt } from '../../../contract/prompt.ts';

export type GroupName = 'needsMe' | 'running' | 'pinned' | 'recent' | 'archived';
export type Group = { name: GroupName; rows: ConversationSummary[] };

const order: readonly GroupName[] = ['needsMe', 'running', 'pinned', 'recent', 'archived'];

function groupOf(row: ConversationSummary, waiting: ReadonlySet<string>): GroupName {
  if (waiting.has(row.id)) return 'needsMe';
  if (row.archived) return 'archived';
  if (row.state !== 'idle') return 'running';
  return row.pinned ? 'pinned' : 'recent';
}

/** The conversations that match what was typed (in name, id, preview or folder), by what they need. */
export function toGroups(
  rows: readonly ConversationSummary[],
  prompts: readonly Prompt[],
  query: string,
): Group[] {
  const waiting = new Set(prompts.map(({ conv_id }) => conv_id));
  const wanted = query.trim().toLowerCase();
  const found = rows.filter(({ id, title, last_message, project }) =>
    `${title}\n${id}\n${last_message ?? ''}\n${project}`.toLowerCase().includes(wanted),
  );
  return order
    .map((name) => ({ name, rows: found.filter((row) => groupOf(row, waiting) === name) }))
    .filter((group) => group.rows.length > 0);
}
