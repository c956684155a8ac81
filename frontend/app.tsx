import { useEffect, useState } from 'preact/hooks';
import { Chat } from './feature/chat/chat.tsx';
import { Reading } from './feature/chat/reading.tsx';
import { Composer } from './feature/composer/composer.tsx';
import { appendDraft, filesOf, setFiles } from './feature/composer/draft.ts';
import { Conversations } from './feature/conversations/conversations.tsx';
import { Login } from './feature/login/login.tsx';
import { Pair } from './feature/login/pair.tsx';
import { type CommandName, commandOf } from './feature/palette/commands.ts';
import { AllPrompts, OwnPrompts } from './feature/prompt/prompts.tsx';
import { Lines } from './lines.tsx';
import type { Panel } from './panel.ts';
import { list, rows } from './state/list.ts';
import { link, openConversation } from './state/live.ts';
import { prefs, setPrefs } from './state/prefs.ts';
import { conversationPath, navigate, route } from './state/route.ts';
import { isListed, signedIn } from './state/session.ts';
import { openId, runningTurn, thread, threadTitle } from './state/thread.ts';
import { stopTurn } from './state/turn.ts';
import { Top } from './top.tsx';
import { lazy } from './ui/lazy.tsx';
import { Sheet } from './ui/sheet.tsx';
import { words } from './word/words.ts';
import './app.css';

const Settings = lazy(async () => (await import('./feature/setting/settings.tsx')).Settings);
const Actions = lazy(async () => (await import('./feature/conversations/actions.tsx')).Actions);
const Palette = lazy(async () => (await import('./feature/palette/palette.tsx')).Palette);
const Help = lazy(async () => (await import('./feature/palette/palette.tsx')).Help);
const Sessions = lazy(async () => (await import('./feature/session/sessions.tsx')).Sessions);
const InTerminal = lazy(async () => (await import('./feature/session/in-terminal.tsx')).InTerminal);
const HandOver = lazy(async () => (await import('./feature/session/in-terminal.tsx')).HandOver);
const Share = lazy(async () => (await import('./feature/share/share.tsx')).Share);

/** The page: what the address names, or the login. */
export function App() {
  const { name } = route.value;
  if (name === 'pair') return <Pair />;
  if (signedIn.value === false) return <Login />;
  // Nobody could be asked yet: with a connection that is settled in a moment, without one what is here is shown.
  if (!(signedIn.value && isListed.value) && link.value !== 'lost') return null;
  if (name === 'settings') return <Settings part={route.value.id} home={home()} lines={<Lines />} />;
  if (name === 'sessions')
    return <Sessions id={route.value.id} home={home()} lines={<Lines />} History={Reading} />;
  if (name === 'share') return <Share take={takeShared} />;
  return <Home />;
}

/** Where the way back leads. */
const home = () => (openId.value ? conversationPath(openId.value) : '/');

function takeShared(id: string, text: string, files: ReturnType<typeof filesOf>): void {
  if (text) appendDraft(id, text);
  if (files.length) setFiles(id, [...filesOf(id), ...files]);
}

/** Apart, so that the page as a whole is not drawn anew with each word of an answer. */
function OpenActions({ onClose }: { onClose(): void }) {
  const snapshot = thread.value?.snapshot;
  return snapshot ? (
    <Actions
      snapshot={snapshot}
      handOver={<HandOver snapshot={snapshot} onDone={onClose} />}
      onClose={onClose}
    />
  ) : null;
}

function Home() {
  const [panel, setPanel] = useState<Panel>(null);
  const t = words.value;
  const close = () => setPanel(null);
  const asked = route.value.name === 'chat' ? route.value.id : null;
  const waiting = list.value.prompts.length;
  const title = threadTitle.value ?? openId.value;

  useEffect(() => {
    void openConversation(asked);
  }, [asked]);
  useEffect(() => {
    document.title = `${waiting ? `(${waiting}) ` : ''}${title} · Switchboard`;
    (navigator as { setAppBadge?: (count: number) => Promise<void> }).setAppBadge?.(waiting).catch(() => {}); // Only an installed page has one.
  }, [waiting, title]);
  useEffect(() => {
    const ask = new URLSearchParams(location.search).get('show');
    if (ask === 'prompts' || ask === 'conversations') {
      history.replaceState(null, '', location.pathname);
      setPanel(ask);
    }
  }, []);

  function run(command: CommandName): void {
    const step = command === 'next' ? 1 : command === 'previous' ? -1 : 0;
    const at = rows.value.findIndex(({ id }) => id === openId.value);
    const other = step ? rows.value[at + step] : undefined;
    if (other) navigate(conversationPath(other.id));
    else if (command === 'palette' || command === 'help' || command === 'conversations') setPanel(command);
    else if (command === 'newConversation') setPanel('conversations');
    else if (command === 'needsYou') setPanel('prompts');
    else if (command === 'settings') navigate('/settings');
    else if (command === 'write') document.querySelector<HTMLTextAreaElement>('.composer textarea')?.focus();
    else if (command === 'quiet') setPrefs({ quiet: !prefs.value.quiet });
    else if (command === 'stop' && runningTurn.value) void stopTurn(runningTurn.value);
  }

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const command = commandOf(
        event,
        target.matches('input, textarea, select, [contenteditable]') || target.closest('dialog') !== null,
      );
      if (!command) return;
      event.preventDefault();
      run(command);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);

  return (
    <div class="app">
      <aside class="side">
        <Conversations onChoose={() => {}} />
      </aside>
      <main class="main">
        <Top waiting={waiting} title={title} open={setPanel} />
        <Lines />
        <Chat prompts={<OwnPrompts />} InTerminal={InTerminal} />
        <Composer />
      </main>
      {panel === 'conversations' && (
        <Sheet title={t.conversations} onClose={close}>
          <Conversations onChoose={close} />
        </Sheet>
      )}
      {panel === 'actions' && <OpenActions onClose={close} />}
      {panel === 'prompts' && <AllPrompts onClose={close} />}
      {panel === 'palette' && <Palette run={run} onClose={close} />}
      {panel === 'help' && <Help onClose={close} />}
    </div>
  );
}
