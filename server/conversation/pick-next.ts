/** A turn that waits. `session_id` is the one it would run in, null for a session that is yet to begin. */
export type Waiting = { id: string; conv_id: string; session_id: string | null };

/** What is taken: a conversation and a session each have one process at a time. */
export type Occupied = { conversations: ReadonlySet<string>; sessions: ReadonlySet<string>; running: number };

/**
 * The turns to start now, of those that wait in the order in which they were accepted: one for each
 * conversation and session that is free, up to `max` running ones in all.
 */
export function pickNextTurns<T extends Waiting>(queue: readonly T[], taken: Occupied, max: number): T[] {
  const conversations = new Set(taken.conversations);
  const sessions = new Set(taken.sessions);
  const chosen: T[] = [];
  for (const turn of queue) {
    if (taken.running + chosen.length >= max) break;
    const isFree = !conversations.has(turn.conv_id) && !(turn.session_id && sessions.has(turn.session_id));
    // A conversation whose first turn cannot start keeps its place: no later one may overtake it.
    conversations.add(turn.conv_id);
    if (!isFree) continue;
    if (turn.session_id) sessions.add(turn.session_id);
    chosen.push(turn);
  }
  return chosen;
}
