import type { ConversationSnapshot } from '../../contract/conversation.ts';
import { reduceConversation } from '../../contract/reducer.ts';
import type { Journal } from '../store/port.ts';
import { ifStored } from '../util/if-stored.ts';

/** So many conversations that rest are kept as they were last seen. */
const maxResting = 200;

/**
 * How conversations stand, by their events: the same reducer as the page's makes it. `base` gives one that
 * nothing is known of yet, from what is on disk.
 */
export function createSnapshotCache(deps: {
  journal: Journal;
  base(id: string): ConversationSnapshot | null;
}) {
  const states = new Map<string, ConversationSnapshot>();
  const isResting = ({ state, background }: ConversationSnapshot) => state === 'idle' && !background.length;

  deps.journal.onEvent((event) => {
    const id = event.conv_id;
    if (event.type === 'conversation.changed' && event.conversation === null) {
      states.delete(id);
      return;
    }
    // The disk may have this event already: the reducer applies it only once.
    const known =
      states.get(id) ?? (event.type === 'conversation.changed' ? null : buildState(id, event.id - 1));
    if (known) states.set(id, reduceConversation(known, event));
  });

  function buildState(id: string, cursor: number): ConversationSnapshot | null {
    const base = deps.base(id);
    if (!base) return null;
    const state = { ...base, cursor };
    states.set(id, state);
    if (states.size > maxResting) {
      for (const [other, resting] of states) {
        if (other === id || !isResting(resting)) continue;
        states.delete(other);
        break;
      }
    }
    return state;
  }

  return {
    /** As of the newest event; null for an unknown conversation. */
    get(id: string): ConversationSnapshot | null {
      // What cannot be written now is in no event yet: the snapshot is that of before.
      ifStored(() => deps.journal.flush(), undefined);
      if (!states.has(id)) buildState(id, deps.journal.cursor());
      const state = states.get(id);
      return state ? { ...state, cursor: deps.journal.cursor() } : null;
    },
  };
}
