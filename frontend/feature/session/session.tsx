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
const againMs = 3000;

/** One session: what it is, what was said in it, and the ways to go on with it. `id` may end with the place of a message. */
export function OneSession({ id: asked, History }: { id: string; History: History }) {
  const [id = '', at] = asked.split('@');
  const [session, setSession] = useState<Answer<'readHostSession'> | null>(null);
  const [said, setSaid] = useState<Said | null>(null);
  const [isExplained, setExplained] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const t = sessionMessages.value;
  const params = { host: 'local', id };

  useEffect(() => {
    void runReported(async () => setSession(await call('readHostSession', { params })));
    void runReported(async () =>
      setSaid(await call('readHostMessages', { params, query: { limit: pageSize, before: at } })),
    );
  }, []);
  useEffect(() => {
    const timer = setInterval(() => {
      // What it does now is nobody's news: a process of this machine does it.
      if (document.visibilityState === 'visible')
        void call('readHostSession', { params }).then(setSession, () => {});
    }, againMs);
    return () => clearInterval(timer);
  }, []);
  // What a search found is the last of its page; else one begins with what the session is.
  useEffect(() => {
    if (at) end.current?.scrollIntoView({ block: 'end' });
    else end.current?.closest('main')?.scrollTo(0, 0);
  }, [said !== null]);

  async function older(): Promise<void> {
    const before = said?.before;
    if (!said || !before) return;
    await runReported(async () => {
      const page = await call('readHostMessages', { params, query: { limit: pageSize, before } });
      setSaid({ ...page, messages: [...page.messages, ...said.messages] });
    });
  }

  if (!session) return null;
  const isBusyElsewhere = session.pid !== null && session.conv_id === null && session.terminal === null;
  return (
    <>
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
        {/* Beside a process that has it open it would be a second writer. */}
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
      {said?.before && (
        <button type="button" class="plain" onClick={() => void older()}>
          {t.older}
        </button>
      )}
      <section class="messages-body" aria-label={t.messages}>
        {said && <History {...said} project={session.project ?? ''} />}
      </section>
      <div ref={end} />
    </>
  );
}

/** The ways to go on: in its conversation, in a new one, or in a copy. */
function Ways({ session, isBusyElsewhere }: { session: Session; isBusyElsewhere: boolean }) {
  const [isMaking, setMaking] = useState(false);
  const t = sessionMessages.value;
  async function goOn(fork: boolean): Promise<void> {
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
          onClick={() => void goOn(false)}
        >
          {t.continueHere}
        </button>
      )}
      <button type="button" disabled={isMaking || session.turns === 0} onClick={() => void goOn(true)}>
        {t.forkIt}
      </button>
    </div>
  );
}
