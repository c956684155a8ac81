import { useEffect, useState } from 'preact/hooks';
import type { ConversationSummary } from '../../../contract/conversation.ts';
import { call } from '../../api/client.ts';
import { locale, messages } from '../../i18n/messages.ts';
import { leaving, list, loadArchived, loadList } from '../../state/list.ts';
import { conversationPath, navigate } from '../../state/route.ts';
import { openId } from '../../state/thread.ts';
import { Icon } from '../../ui/icon.tsx';
import { lazy } from '../../ui/lazy.tsx';
import { ago, clock } from '../../ui/when.tsx';
import { toGroups } from './groups.ts';
import './conversations.css';

const NewConversation = lazy(async () => (await import('./new-conversation.tsx')).NewConversation);

/** All conversations, by what they need; `onChoose` is called when one was opened. */
export function Conversations({ onChoose }: { onChoose(): void }) {
  const [query, setQuery] = useState('');
  const [isAdding, setAdding] = useState(false);
  const [hasArchived, setArchived] = useState(false);
  const t = messages.value;
  useEffect(() => void loadList(), []);

  function open(id: string): void {
    navigate(conversationPath(id));
    onChoose();
  }

  if (isAdding) {
    return (
      <NewConversation
        onDone={(id) => {
          setAdding(false);
          if (id !== null) open(id);
        }}
      />
    );
  }
  return (
    <nav class="conversations" aria-label={t.conversations}>
      <div class="conversations-head">
        <SearchField query={query} setQuery={setQuery} />
        <button type="button" class="primary" onClick={() => setAdding(true)}>
          {t.newOne}
        </button>
      </div>
      <Groups query={query} hasArchived={hasArchived} open={open} />
      {!hasArchived && (
        <button
          type="button"
          class="plain"
          onClick={() => {
            setArchived(true);
            void loadArchived();
          }}
        >
          {t.showArchived}
        </button>
      )}
      <button type="button" class="plain" onClick={() => navigate('/sessions')}>
        {t.allSessions}
      </button>
    </nav>
  );
}

function SearchField({ query, setQuery }: { query: string; setQuery(query: string): void }) {
  const t = messages.value;
  return (
    <label class="search">
      <span class="unseen">{t.searchConversations}</span>
      <Icon name="search" />
      <input
        type="search"
        placeholder={t.searchConversations}
        value={query}
        onInput={(event) => setQuery(event.currentTarget.value)}
      />
    </label>
  );
}

type GroupsProps = { query: string; hasArchived: boolean; open(id: string): void };

/** The conversations that match, in groups. Archived ones show up when they are asked for or searched. */
function Groups({ query, hasArchived, open }: GroupsProps) {
  const t = messages.value;
  const { conversations, prompts } = list.value;
  const rowsById = new Map([...useFound(query), ...conversations].map((row) => [row.id, row]));
  const visibleRows = [...rowsById.values()].filter(
    ({ id, archived }) => !leaving.value.includes(id) && (hasArchived || query.trim() !== '' || !archived),
  );
  const groups = toGroups(visibleRows, prompts, query);
  if (!groups.length) return <p class="quiet-line">{query ? t.nothingFound : t.noConversations}</p>;
  return (
    <>
      {groups.map(({ name, rows }) => (
        <section key={name} aria-label={t.groups[name]}>
          <h3>{t.groups[name]}</h3>
          <ul>
            {rows.map((row) => (
              <li key={row.id}>
                <Row row={row} isOpen={row.id === openId.value} open={() => open(row.id)} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

/** Pause after the last letter before the server is asked. */
const pauseMs = 250;

/** What the server finds besides the rows that are loaded: archived ones, and old ones. */
function useFound(query: string): ConversationSummary[] {
  const [found, setFound] = useState<{ of: string; rows: ConversationSummary[] }>({ of: '', rows: [] });
  const wanted = query.trim();
  useEffect(() => {
    if (!wanted) return;
    const timer = setTimeout(() => {
      call('listConversations', { query: { q: wanted, limit: 50 } }).then(
        ({ conversations }) => setFound({ of: wanted, rows: conversations }),
        () => {}, // Without a connection only the loaded rows are searched.
      );
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [wanted]);
  return found.of === wanted ? found.rows : [];
}

function Row({ row, isOpen, open }: { row: ConversationSummary; isOpen: boolean; open(): void }) {
  const t = messages.value;
  const folder = row.project.split('/').at(-1) ?? '';
  return (
    <button
      type="button"
      class="plain conversation"
      aria-current={isOpen ? 'page' : undefined}
      onClick={open}
    >
      <span class={`dot ${row.state}`} role="img" aria-label={t.states[row.state]} />
      <span class="conversation-text">
        <span class="conversation-title" dir="auto">
          {row.title}
        </span>
        <span class="conversation-preview" dir="auto">
          {row.last_message?.replaceAll(/\s+/g, ' ') ?? ''}
        </span>
        <span class="conversation-facts">
          {folder} · {t.turns(row.turn_count)} · {ago(row.last_message_at, clock.value, locale.value)}
          {row.pinned && ' · 📌'}
        </span>
      </span>
    </button>
  );
}
