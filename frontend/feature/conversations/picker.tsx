import { useSignal } from '@preact/signals';
import type { ConversationSummary } from '../../../contract/conversation.ts';
import { conversations, currentId, loadConversations, openConversation } from '../../state/app-state.ts';
import { ago } from '../../ui/when.ts';
import { NewConversation } from './new-conversation.tsx';
import './picker.css';

/** The dropdown of conversations, and the form for a new one. */
export function Picker() {
  const isAdding = useSignal(false);
  const rows = conversations.value;
  const isListed = rows.some((row) => row.id === currentId.value);
  return (
    <>
      <div class="picker">
        <select
          aria-label="Conversation"
          value={currentId.value}
          onFocus={() => void loadConversations()}
          onChange={(event) => openConversation(event.currentTarget.value)}
        >
          {!isListed && <option value={currentId.value}>{currentId.value}</option>}
          {rows.map((row) => (
            <option key={row.id} value={row.id}>
              {describe(row)}
            </option>
          ))}
        </select>
        <button
          type="button"
          onClick={() => {
            isAdding.value = !isAdding.value;
          }}
          aria-expanded={isAdding.value}
        >
          New
        </button>
      </div>
      {isAdding.value && (
        <NewConversation
          onDone={() => {
            isAdding.value = false;
          }}
        />
      )}
    </>
  );
}

function describe(row: ConversationSummary): string {
  const state = row.state === 'idle' ? '' : ` · ${row.state}`;
  const turns = `${row.turn_count} ${row.turn_count === 1 ? 'turn' : 'turns'}`;
  const preview = row.last_message ? ` · ${row.last_message.replaceAll(/\s+/g, ' ').slice(0, 40)}` : '';
  return `${row.title}${state} · ${turns} · ${ago(row.last_message_at, Date.now())}${preview}`;
}
