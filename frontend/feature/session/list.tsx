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

/** Letters that are typed fast ask once. */
const pauseMs = 250;

/** While the transcripts are being read, and while sessions are live, the list is asked for anew. */
const againMs = 5000;

/** Where the list was left: the way back leads there. */
let leftAt = 0;

/** Sessions by what they need, or what a search finds in them. */
export function SessionList() {
  const [page, setPage] = useState<Page | null>(null);
  const [query, setQuery] = useState(history.state?.query ?? '');
  const [found, setFound] = useState<Answer<'search'> | null>(null);
  const hasMore = useRef(false);
  const top = useRef<HTMLLabelElement>(null);
  const t = sessionMessages.value;
  const wanted = query.trim();

  async function load(): Promise<void> {
    await runReported(async () =>
      setPage(await call('listHostSessions', { params: { host: 'local' }, query: {} })),
    );
  }
  async function more(): Promise<void> {
    const cursor = page?.next;
    if (!page || !cursor) return;
    hasMore.current = true;
    await runReported(async () => {
      const next = await call('listHostSessions', { params: { host: 'local' }, query: { cursor } });
      setPage({ ...next, sessions: [...page.sessions, ...next.sessions] });
    });
  }
  useEffect(() => {
    void load();
    const timer = setInterval(() => {
      // A list that was paged on stays as it is under the eyes of who reads it.
      if (document.visibilityState === 'visible' && !hasMore.current) void load();
    }, againMs);
    return () => clearInterval(timer);
  }, []);
  useLayoutEffect(() => {
    const scroller = top.current?.closest('main');
    return () => {
      leftAt = scroller?.scrollTop ?? 0;
    };
  }, []);
  useEffect(() => {
    if (page) top.current?.closest('main')?.scrollTo(0, leftAt);
    if (page) leftAt = 0;
  }, [page !== null]);
  useEffect(() => {
    // Back from a session leads to what was searched.
    history.replaceState({ query }, '');
    if (!wanted) return setFound(null);
    const timer = setTimeout(
      () => void runReported(async () => setFound(await call('search', { query: { q: wanted, limit: 50 } }))),
      pauseMs,
    );
    return () => clearTimeout(timer);
  }, [wanted]);

  const { indexing } = (wanted ? found : page) ?? { indexing: null };
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
      {indexing && !indexing.done && (
        <p class="quiet-line" role="status">
          {indexing.problem ??
            t.indexing(Math.floor((100 * indexing.bytes_done) / Math.max(1, indexing.bytes)))}
        </p>
      )}
      {wanted ? found && <Hits answer={found} /> : page && <Sections sessions={page.sessions} />}
      {!wanted && page?.next && (
        <button type="button" onClick={() => void more()}>
          {t.moreSessions}
        </button>
      )}
    </>
  );
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
