import type { ConversationSummary } from '../../contract/conversation.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { Prompt } from '../../contract/prompt.ts';
import { isEnd } from '../../contract/reducer.ts';

/** All conversations as rows, and all that waits for a person. */
export type List = { conversations: ConversationSummary[]; prompts: Prompt[] };

/** Pinned ones first, then the newest. */
export function sortRows(rows: readonly ConversationSummary[]): ConversationSummary[] {
  return rows.toSorted(
    (a, b) => Number(b.pinned) - Number(a.pinned) || (a.last_message_at < b.last_message_at ? 1 : -1),
  );
}

/** Applies an event to the list. Applying one twice is corrected by the events after it. */
export function reduceList(list: List, event: StoredEvent): List {
  const { conv_id } = event;
  if (event.type === 'conversation.changed') {
    const others = list.conversations.filter((row) => row.id !== conv_id);
    if (!event.conversation)
      return { conversations: others, prompts: list.prompts.filter((prompt) => prompt.conv_id !== conv_id) };
    return { ...list, conversations: sortRows([event.conversation, ...others]) };
  }
  const prompts = reducePrompts(list.prompts, event);
  const state = stateAfter(event, prompts);
  if (prompts === list.prompts && !state) return list;
  const conversations = state
    ? list.conversations.map((row) => (row.id === conv_id ? { ...row, state } : row))
    : list.conversations;
  return { conversations, prompts };
}

function reducePrompts(prompts: Prompt[], event: StoredEvent): Prompt[] {
  if (event.type === 'prompt.opened')
    return [...prompts.filter(({ id }) => id !== event.prompt.id), event.prompt];
  if (event.type === 'prompt.closed') return prompts.filter(({ id }) => id !== event.prompt_id);
  if (isEnd(event)) return prompts.filter(({ turn_id }) => turn_id !== event.turn_id);
  return prompts;
}

function stateAfter(event: StoredEvent, prompts: readonly Prompt[]): ConversationSummary['state'] | null {
  const waits = prompts.some(({ conv_id }) => conv_id === event.conv_id);
  if (event.type === 'turn.started' || event.type === 'prompt.opened' || event.type === 'prompt.closed')
    return waits ? 'waiting' : 'running';
  return null;
}
