import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import type { Session } from '../../../contract/session.ts';
import { call } from '../../api/client.ts';
import { locale } from '../../i18n/messages.ts';
import { sessionMessages } from '../../i18n/session-messages.ts';
import { navigate } from '../../state/route.ts';
import { runReported } from '../../state/session.ts';
import { Icon } from '../../ui/icon.tsx';
import { ago, clock } from '../../ui/when.tsx';
import { Hits } from './hits.tsx';
import { toSections } from './sections.ts';

type Page = Answer<'listHostSessions'>;

/** Pause after the last letter before the server is asked. */
const pauseMs = 250;

/** The list is read again while transcripts are indexed and sessions are live. */
const pollIntervalMs = 5000;

/** Where the list was left: going back leads there. */
let leftAt = 0;

const params = { host: 'local' };

/** Sessions by what they need, or what a search finds in them. */
export function SessionList() {
  const [query, setQuery] = useState<string>(history.state?.query ?? '');
  const { page, loadMore } = useSessions();
  const hits = useHits(query);
  const top = useKeptPosition(page !== null);
  const t = sessionMessages.value;
  const isSearch = query.trim() !== '';
  return (
    <>
      <label class="search" ref={top}>
        <span class="unseen">{t.findSessions}</span>
        <Icon name="search" />
        <input
          type="search"
          placeholder={t.findSessions}
          value={query}
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
      </label>
      <IndexingNote indexing={(isSearch ? hits : page)?.indexing ?? null} />
      {isSearch ? hits && <Hits answer={hits} /> : page && <Sections sessions={page.sessions} />}
      {!isSearch && page?.next && (
        <button type="button" onClick={() => void loadMore()}>
          {t.moreSessions}
        </button>
      )}
    </>
  );
}

function IndexingNote({ indexing }: { indexing: Page['indexing'] | null }) {
  if (!indexing || indexing.done) return null;
  const { problem, bytes, bytes_done } = indexing;
  const percent = Math.floor((100 * bytes_done) / Math.max(1, bytes));
  return (
    <p class="quiet-line" role="status">
      {problem ?? sessionMessages.value.indexing(percent)}
    </p>
  );
}

/** The newest sessions, kept up to date until a person asks for more: that list must not move while they read it. */
function useSessions(): { page: Page | null; loadMore(): Promise<void> } {
  const [page, setPage] = useState<Page | null>(null);
  const hasMore = useRef(false);

  async function load(): Promise<void> {
    await runReported(async () => setPage(await call('listHostSessions', { params, query: {} })));
  }
  async function loadMore(): Promise<void> {
    const cursor = page?.next;
    if (!page || !cursor) return;
    hasMore.current = true;
    await runReported(async () => {
      const next = await call('listHostSessions', { params, query: { cursor } });
      setPage({ ...next, sessions: [...page.sessions, ...next.sessions] });
    });
  }
  useEffect(() => {
    void load();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && !hasMore.current) void load();
    }, pollIntervalMs);
    return () => clearInterval(timer);
  }, []);
  return { page, loadMore };
}

/** What a search finds; null without one, and until it has answered. */
function useHits(query: string): Answer<'search'> | null {
  const [hits, setHits] = useState<Answer<'search'> | null>(null);
  const text = query.trim();
  useEffect(() => {
    // Going back from a session leads to the search.
    history.replaceState({ query }, '');
    if (!text) return setHits(null);
    const search = async () => setHits(await call('search', { query: { q: text, limit: 50 } }));
    const timer = setTimeout(() => void runReported(search), pauseMs);
    return () => clearTimeout(timer);
  }, [text]);
  return hits;
}

/** Scrolls the list to where it was left, once it is loaded. */
function useKeptPosition(isLoaded: boolean): { current: HTMLLabelElement | null } {
  const top = useRef<HTMLLabelElement>(null);
  useLayoutEffect(() => {
    const scroller = top.current?.closest('main');
    return () => {
      leftAt = scroller?.scrollTop ?? 0;
    };
  }, []);
  useEffect(() => {
    if (!isLoaded) return;
    top.current?.closest('main')?.scrollTo(0, leftAt);
    leftAt = 0;
  }, [isLoaded]);
  return top;
}

function Sections({ sessions }: { sessions: readonly Session[] }) {
  const t = sessionMessages.value;
  if (!sessions.length) return <p class="quiet-line">{t.noSessions}</p>;
  return (
    <>
      {toSections(sessions, clock.value).map(({ key, name, project, sessions: own }) => {
        const title =
          name === 'project' ? String(project) : name === 'earlier' ? t.earlier : t.sections[name];
        return (
          <section key={key} aria-label={title}>
            <h2 dir="auto">{title}</h2>
            <ul>
              {own.map((session) => (
                <li key={session.id}>
                  <Row session={session} />
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}

function Row({ session }: { session: Session }) {
  const t = sessionMessages.value;
  const { id, title, first_message, last_message, state, turns, modified_at, problem, project, conv_id } =
    session;
  return (
    <button type="button" class="plain conversation" onClick={() => navigate(`/sessions/${id}`)}>
      <span class={`dot ${state}`} role="img" aria-label={t.sessionStates[state]} />
      <span class="conversation-text">
        <span class="conversation-title" dir="auto">
          {title ?? first_message ?? t.untitled}
        </span>
        <span class="conversation-preview" dir="auto">
          {problem ?? last_message ?? ''}
        </span>
        <span class="conversation-facts">
          {conv_id !== null && `${conv_id} · `}
          {project?.split('/').at(-1)} · {t.turnsOf(turns)} · {ago(modified_at, clock.value, locale.value)}
        </span>
      </span>
    </button>
  );
}
