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
import { messages } from './i18n/messages.ts';
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
import './app.css';

const Settings = lazy(async () => (await import('./feature/setting/settings.tsx')).Settings);
const Actions = lazy(async () => (await import('./feature/conversations/actions.tsx')).Actions);
const Palette = lazy(async () => (await import('./feature/palette/palette.tsx')).Palette);
const Help = lazy(async () => (await import('./feature/palette/palette.tsx')).Help);
const Sessions = lazy(async () => (await import('./feature/session/sessions.tsx')).Sessions);
const InTerminal = lazy(async () => (await import('./feature/session/in-terminal.tsx')).InTerminal);
const HandOver = lazy(async () => (await import('./feature/session/in-terminal.tsx')).HandOver);
const Share = lazy(async () => (await import('./feature/share/share.tsx')).Share);

/** The page: the screen that the address names, or the login. */
export function App() {
  const { name } = route.value;
  if (name === 'pair') return <Pair />;
  if (signedIn.value === false) return <Login />;
  // Not known yet: with a connection it soon will be; without one, what is stored here is shown.
  if (!(signedIn.value && isListed.value) && link.value !== 'lost') return null;
  if (name === 'settings') return <Settings part={route.value.id} home={home()} lines={<Lines />} />;
  if (name === 'sessions')
    return <Sessions id={route.value.id} home={home()} lines={<Lines />} History={Reading} />;
  if (name === 'share') return <Share take={takeShared} />;
  return <Home />;
}

/** Target of the back button. */
const home = () => (openId.value ? conversationPath(openId.value) : '/');

function takeShared(id: string, text: string, files: ReturnType<typeof filesOf>): void {
  if (text) appendDraft(id, text);
  if (files.length) setFiles(id, [...filesOf(id), ...files]);
}

/** Separate, so that the whole page is not drawn again with each word of an answer. */
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
  const asked = route.value.name === 'chat' ? route.value.id : null;
  const waiting = list.value.prompts.length;
  const title = threadTitle.value ?? openId.value;
  const run = (command: CommandName) => runCommand(command, setPanel);
  useEffect(() => {
    void openConversation(asked);
  }, [asked]);
  useTitle(title, waiting);
  useAskedPanel(setPanel);
  useKeyboard(run);
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
      <OpenPanel panel={panel} run={run} close={() => setPanel(null)} />
    </div>
  );
}

function OpenPanel({ panel, run, close }: { panel: Panel; run(command: CommandName): void; close(): void }) {
  if (panel === 'actions') return <OpenActions onClose={close} />;
  if (panel === 'prompts') return <AllPrompts onClose={close} />;
  if (panel === 'palette') return <Palette run={run} onClose={close} />;
  if (panel === 'help') return <Help onClose={close} />;
  if (panel !== 'conversations') return null;
  return (
    <Sheet title={messages.value.conversations} onClose={close}>
      <Conversations onChoose={close} />
    </Sheet>
  );
}

function runCommand(command: CommandName, setPanel: (panel: Panel) => void): void {
  const step = command === 'next' ? 1 : command === 'previous' ? -1 : 0;
  const index = rows.value.findIndex(({ id }) => id === openId.value);
  const other = step ? rows.value[index + step] : undefined;
  if (other) navigate(conversationPath(other.id));
  else if (command === 'palette' || command === 'help' || command === 'conversations') setPanel(command);
  else if (command === 'newConversation') setPanel('conversations');
  else if (command === 'needsYou') setPanel('prompts');
  else if (command === 'settings') navigate('/settings');
  else if (command === 'write') document.querySelector<HTMLTextAreaElement>('.composer textarea')?.focus();
  else if (command === 'quiet') setPrefs({ quiet: !prefs.value.quiet });
  else if (command === 'stop' && runningTurn.value) void stopTurn(runningTurn.value);
}

/** Shows how many prompts wait in the title, and on the icon of an installed page. */
function useTitle(title: string, waiting: number): void {
  useEffect(() => {
    document.title = `${waiting ? `(${waiting}) ` : ''}${title} · Switchboard`;
    const { setAppBadge } = navigator as { setAppBadge?: (count: number) => Promise<void> };
    setAppBadge?.call(navigator, waiting).catch(() => {}); // Only an installed page has a badge.
  }, [waiting, title]);
}

/** Opens the panel that a shortcut of the installed page asks for. */
function useAskedPanel(setPanel: (panel: Panel) => void): void {
  useEffect(() => {
    const asked = new URLSearchParams(location.search).get('show');
    if (asked !== 'prompts' && asked !== 'conversations') return;
    history.replaceState(null, '', location.pathname);
    setPanel(asked);
  }, []);
}

function useKeyboard(run: (command: CommandName) => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      const isTyping = target.matches('input, textarea, select, [contenteditable]');
      const command = commandOf(event, isTyping || target.closest('dialog') !== null);
      if (!command) return;
      event.preventDefault();
      run(command);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, []);
}
