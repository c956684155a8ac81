import { useEffect, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import type { Session } from '../../../contract/session.ts';
import { call } from '../../api/client.ts';
import { attempt } from '../../state/session.ts';
import { Copy } from '../../ui/copy.tsx';
import { lazy } from '../../ui/lazy.tsx';
import { sessionWords } from '../../word/session-words.ts';

const againMs = 2000;

/** Large, and of no use to who only looks. */
const LiveScreen = lazy(async () => (await import('./live-screen.tsx')).LiveScreen);

/** A session in a terminal: opened in a terminal of the server's machine, looked at, typed into, and ended. */
export function Terminal({
  session,
  changed,
}: {
  session: Session;
  changed(session: Answer<'readHostSession'>): void;
}) {
  const [screen, setScreen] = useState('');
  const [draft, setDraft] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [isLive, setLive] = useState(false);
  const [isSure, setSure] = useState(false);
  const t = sessionWords.value;
  const params = { host: 'local', id: session.id };
  const isOpen = session.terminal !== null;

  async function run(work: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    await attempt(work);
    await attempt(async () => changed(await call('readHostSession', { params })));
    setBusy(false);
  }
  const look = () =>
    call('readTerminal', { params }).then(
      ({ text }) => setScreen(text.trimEnd()),
      () => {}, // It has ended: the next look at the session says so.
    );
  useEffect(() => {
    if (!isOpen || isLive) return;
    void look();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void look();
    }, againMs);
    return () => clearInterval(timer);
  }, [isOpen, isLive]);

  if (!session.terminal) {
    // The process that is kept for the next message of its conversation makes way; that of somebody else does not.
    const isOurs = session.state === 'idle' && session.conv_id !== null;
    if (session.state !== 'ended' && !isOurs) return null;
    return (
      <p>
        <button
          type="button"
          disabled={isBusy}
          onClick={() => void run(() => call('resumeTerminal', { params, body: {} }))}
        >
          {t.openTerminal}
        </button>
      </p>
    );
  }
  return (
    <section class="card" aria-label={t.inTerminal}>
      <p class="quiet-line">{t.attachByHand}</p>
      <p class="in-terminal">
        <code>{session.terminal.command}</code> <Copy text={session.terminal.command} />
      </p>
      {isLive ? (
        <LiveScreen id={session.id} onEnd={() => setLive(false)} />
      ) : (
        <>
          <pre class="screen" tabIndex={0} aria-label={t.screen} role="group">
            {screen}
          </pre>
          <form
            class="folder-field"
            onSubmit={(event) => {
              event.preventDefault();
              void run(async () => {
                await call('sendToTerminal', { params, body: { message: draft } });
                setDraft('');
                await look();
              });
            }}
          >
            <input
              aria-label={t.typeThere}
              placeholder={t.typeThere}
              value={draft}
              dir="auto"
              onInput={(event) => setDraft(event.currentTarget.value)}
            />
            <button type="submit" disabled={isBusy || !draft.trim()}>
              {t.send}
            </button>
          </form>
        </>
      )}
      <div class="choices">
        <button type="button" onClick={() => setLive(!isLive)}>
          {isLive ? t.asText : t.liveTerminal}
        </button>
        <button
          type="button"
          disabled={isBusy}
          onClick={() => void run(() => call('interruptTerminal', { params }))}
        >
          {t.interruptIt}
        </button>
        <button
          type="button"
          class="danger"
          disabled={isBusy}
          // What it is at would be lost with it: that takes a second tap.
          onClick={() =>
            session.state === 'idle' || isSure
              ? void run(() => call('killTerminal', { params }))
              : setSure(true)
          }
        >
          {isSure && session.state !== 'idle' ? t.endAtWork : t.endTerminal}
        </button>
      </div>
    </section>
  );
}
