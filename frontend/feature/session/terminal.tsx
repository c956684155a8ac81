import { useEffect, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import type { Session } from '../../../contract/session.ts';
import { call } from '../../api/client.ts';
import { sessionMessages } from '../../i18n/session-messages.ts';
import { runReported } from '../../state/session.ts';
import { Copy } from '../../ui/copy.tsx';
import { lazy } from '../../ui/lazy.tsx';

const pollIntervalMs = 2000;

/** Large, and only needed by people who type. */
const LiveScreen = lazy(async () => (await import('./live-screen.tsx')).LiveScreen);

type TerminalProps = { session: Session; changed(session: Answer<'readHostSession'>): void };

/** Runs calls that change a session, and reads it again after each. */
type Run = (work: () => Promise<unknown>) => Promise<void>;

const paramsOf = ({ id }: Session) => ({ host: 'local', id });

/** A session in a terminal on the server's machine: open it, see it, type into it, and end it. */
export function Terminal({ session, changed }: TerminalProps) {
  const [isBusy, setBusy] = useState(false);
  const params = paramsOf(session);

  async function run(work: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    await runReported(work);
    await runReported(async () => changed(await call('readHostSession', { params })));
    setBusy(false);
  }

  const { terminal } = session;
  if (!terminal) return <OpenTerminal session={session} isBusy={isBusy} run={run} />;
  return <TerminalCard session={session} command={terminal.command} isBusy={isBusy} run={run} />;
}

function OpenTerminal({ session, isBusy, run }: { session: Session; isBusy: boolean; run: Run }) {
  // The live process of a conversation makes way for the terminal; a process of another program does not.
  const isOurs = session.state === 'idle' && session.conv_id !== null;
  if (session.state !== 'ended' && !isOurs) return null;
  const open = () => call('resumeTerminal', { params: paramsOf(session), body: {} });
  return (
    <p>
      <button type="button" disabled={isBusy} onClick={() => void run(open)}>
        {sessionMessages.value.openTerminal}
      </button>
    </p>
  );
}

type CardProps = { session: Session; command: string; isBusy: boolean; run: Run };

function TerminalCard({ session, command, isBusy, run }: CardProps) {
  const [isLive, setLive] = useState(false);
  const t = sessionMessages.value;
  const params = paramsOf(session);
  return (
    <section class="card" aria-label={t.inTerminal}>
      <p class="quiet-line">{t.attachByHand}</p>
      <p class="in-terminal">
        <code>{command}</code> <Copy text={command} />
      </p>
      {isLive ? (
        <LiveScreen id={session.id} onEnd={() => setLive(false)} />
      ) : (
        <TextScreen session={session} isBusy={isBusy} run={run} />
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
        <EndButton session={session} isBusy={isBusy} run={run} />
      </div>
    </section>
  );
}

/** The screen as text, with a line to type into it. */
function TextScreen({ session, isBusy, run }: Omit<CardProps, 'command'>) {
  const [screen, setScreen] = useState('');
  const [draft, setDraft] = useState('');
  const t = sessionMessages.value;
  const params = paramsOf(session);
  const readScreen = () =>
    call('readTerminal', { params }).then(
      ({ text }) => setScreen(text.trimEnd()),
      () => {}, // It has ended: the next read of the session says so.
    );
  useEffect(() => {
    void readScreen();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void readScreen();
    }, pollIntervalMs);
    return () => clearInterval(timer);
  }, []);
  async function sendDraft(): Promise<void> {
    await call('sendToTerminal', { params, body: { message: draft } });
    setDraft('');
    await readScreen();
  }
  return (
    <>
      <pre class="screen" tabIndex={0} aria-label={t.screen} role="group">
        {screen}
      </pre>
      <form
        class="folder-field"
        onSubmit={(event) => {
          event.preventDefault();
          void run(sendDraft);
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
  );
}

/** Ends the terminal. While it is working that takes a second tap: the work would be lost. */
function EndButton({ session, isBusy, run }: Omit<CardProps, 'command'>) {
  const [isSure, setSure] = useState(false);
  const t = sessionMessages.value;
  const isIdle = session.state === 'idle';
  const end = () => call('killTerminal', { params: paramsOf(session) });
  return (
    <button
      type="button"
      class="danger"
      disabled={isBusy}
      onClick={() => (isIdle || isSure ? void run(end) : setSure(true))}
    >
      {isSure && !isIdle ? t.endAtWork : t.endTerminal}
    </button>
  );
}
