import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import type { HistoryPage } from '../../../contract/message.ts';
import type { Session } from '../../../contract/session.ts';
import { call } from '../../api/client.ts';
import { sessionMessages } from '../../i18n/session-messages.ts';
import { conversationPath, navigate } from '../../state/route.ts';
import { runReported } from '../../state/session.ts';
import { Copy } from '../../ui/copy.tsx';
import { When } from '../../ui/when.tsx';
import { Terminal } from './terminal.tsx';
import { Why } from './why.tsx';

type Said = Pick<HistoryPage, 'messages' | 'turns' | 'before'>;
type History = ComponentType<Said & { project: string }>;

const pageSize = 30;
const pollIntervalMs = 3000;

type OneSessionProps = {
  /** A session id, which may be followed by `@` and the place of a message. */
  id: string;
  History: History;
};

/** One session: what it is, its messages, and the ways to continue it. */
export function OneSession({ id: asked, History }: OneSessionProps) {
  const [id = '', at] = asked.split('@');
  const [session, setSession] = useSession(id);
  const { history, loadOlder } = useHistory(id, at);
  const end = useRef<HTMLDivElement>(null);
  const t = sessionMessages.value;
  // A search hit is the last message of its page; otherwise the page begins with what the session is.
  useEffect(() => {
    if (at) end.current?.scrollIntoView({ block: 'end' });
    else end.current?.closest('main')?.scrollTo(0, 0);
  }, [history !== null]);
  if (!session) return null;
  return (
    <>
      <Facts session={session} setSession={setSession} />
      {history?.before && (
        <button type="button" class="plain" onClick={() => void loadOlder()}>
          {t.older}
        </button>
      )}
      <section class="messages-body" aria-label={t.messages}>
        {history && <History {...history} project={session.project ?? ''} />}
      </section>
      <div ref={end} />
    </>
  );
}

type SessionDetails = Answer<'readHostSession'>;

/** The session, read again regularly: a process of the machine changes it, which no event reports. */
function useSession(id: string): [SessionDetails | null, (session: SessionDetails) => void] {
  const [session, setSession] = useState<SessionDetails | null>(null);
  const params = { host: 'local', id };
  useEffect(() => {
    void runReported(async () => setSession(await call('readHostSession', { params })));
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible')
        void call('readHostSession', { params }).then(setSession, () => {});
    }, pollIntervalMs);
    return () => clearInterval(timer);
  }, []);
  return [session, setSession];
}

function useHistory(id: string, at: string | undefined) {
  const [history, setHistory] = useState<Said | null>(null);
  const params = { host: 'local', id };
  useEffect(() => {
    const query = { limit: pageSize, before: at };
    void runReported(async () => setHistory(await call('readHostMessages', { params, query })));
  }, []);

  async function loadOlder(): Promise<void> {
    const before = history?.before;
    if (!history || !before) return;
    await runReported(async () => {
      const page = await call('readHostMessages', { params, query: { limit: pageSize, before } });
      setHistory({ ...page, messages: [...page.messages, ...history.messages] });
    });
  }
  return { history, loadOlder };
}

type FactsProps = { session: SessionDetails; setSession(session: SessionDetails): void };

function Facts({ session, setSession }: FactsProps) {
  const [isExplained, setExplained] = useState(false);
  const t = sessionMessages.value;
  const isBusyElsewhere = session.pid !== null && session.conv_id === null && session.terminal === null;
  return (
    <header class="session-facts">
      <h2 dir="auto">{session.title ?? session.first_message ?? t.untitled}</h2>
      <p class="quiet-line">
        <span class={`dot ${session.state}`} role="img" aria-label={t.sessionStates[session.state]} />{' '}
        {t.sessionStates[session.state]} · {session.project} · {t.turnsOf(session.turns)} ·{' '}
        <When time={session.modified_at} />
        {session.cost !== null && ` · ${session.cost.toFixed(2)} USD`}
      </p>
      {session.problem && <p class="problem">{session.problem}</p>}
      {isBusyElsewhere && <p class="quiet-line">{t.liveElsewhere}</p>}
      <Ways session={session} isBusyElsewhere={isBusyElsewhere} />
      <Terminal session={session} changed={setSession} />
      {/* Beside a process that has it open, this would be a second writer. */}
      {session.state === 'ended' && (
        <p class="in-terminal">
          <code>claude --resume {session.id}</code> <Copy text={`claude --resume ${session.id}`} />
        </p>
      )}
      {isExplained ? (
        <Why id={session.id} record={session.record} />
      ) : (
        <button type="button" class="plain" onClick={() => setExplained(true)}>
          {t.advice}
        </button>
      )}
    </header>
  );
}

/** The ways to continue: in its conversation, in a new one, or in a copy. */
function Ways({ session, isBusyElsewhere }: { session: Session; isBusyElsewhere: boolean }) {
  const [isMaking, setMaking] = useState(false);
  const t = sessionMessages.value;
  async function continueSession(fork: boolean): Promise<void> {
    setMaking(true);
    let made = '';
    const title = (session.title ?? session.first_message)?.slice(0, 200);
    const isDone = await runReported(async () => {
      made = (
        await call('createConversation', {
          body: { session_id: session.id, fork, ...(title ? { title } : {}) },
        })
      ).id;
    });
    setMaking(false);
    if (isDone) navigate(conversationPath(made));
  }
  return (
    <div class="choices">
      {session.conv_id !== null ? (
        <button
          type="button"
          class="primary"
          onClick={() => navigate(conversationPath(String(session.conv_id)))}
        >
          {t.openConversation}
        </button>
      ) : (
        <button
          type="button"
          class="primary"
          disabled={isMaking || isBusyElsewhere || session.turns === 0}
          onClick={() => void continueSession(false)}
        >
          {t.continueHere}
        </button>
      )}
      <button
        type="button"
        disabled={isMaking || session.turns === 0}
        onClick={() => void continueSession(true)}
      >
        {t.forkIt}
      </button>
    </div>
  );
}
