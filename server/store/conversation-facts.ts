import type { ConversationRecord, NewConversationRecord, TurnActivity } from './port.ts';

type Counted = { turn_count: number; turns_before?: number | undefined };

/**
 * How many turns a conversation had before those of this journal, by its entry in sessions.json. An entry without
 * `turns_before` is one of the original system, or none of its turns is in the journal: then its count is theirs.
 * If the journal has lost turns, the entry's count is kept.
 */
export function countTurnsBefore(entry: Counted, completed: number): number {
  if (entry.turns_before === undefined) return entry.turn_count;
  return Math.max(entry.turns_before, entry.turn_count - completed);
}

/** A conversation with what its turns say about it. Without a journal (null) the stored facts are all that is known. */
export function addFacts(stored: NewConversationRecord, activity: TurnActivity | null): ConversationRecord {
  const record = { turn_count: 0, last_message: null, last_message_at: stored.created_at, ...stored };
  if (!activity) return record;
  const isNewer = (activity.last_at ?? '') >= record.last_message_at;
  const context = activity.context ?? record.context;
  return {
    ...record,
    turn_count: (record.turns_before ?? 0) + activity.completed,
    last_message: activity.last_message ?? record.last_message,
    last_message_at: isNewer ? (activity.last_at as string) : record.last_message_at,
    ...(context ? { context } : {}),
  };
}

/** A conversation as sessions.json has it. The marker is written only once the journal has turns of it. */
export function withTurnMarker(
  record: ConversationRecord,
  activity: TurnActivity | null,
): ConversationRecord {
  if (!activity) return record;
  const { turns_before = 0, ...rest } = record;
  return activity.completed ? { ...rest, turns_before } : rest;
}
