import { useEffect } from 'preact/hooks';
import { Chat } from './feature/chat/chat.tsx';
import { Composer } from './feature/chat/composer.tsx';
import { Picker } from './feature/conversations/picker.tsx';
import { Login } from './feature/login/login.tsx';
import { currentId, loadConversations, signedIn } from './state/app-state.ts';
import { resync, showThread, thread } from './state/thread.ts';
import './app.css';

export function App() {
  const id = currentId.value;
  const isIn = signedIn.value;

  useEffect(() => {
    if (signedIn.value === null) void loadConversations();
    document.addEventListener('visibilitychange', resync);
    addEventListener('online', resync);
    addEventListener('pageshow', resync);
  }, []);

  useEffect(() => {
    if (isIn) void showThread(id);
  }, [id, isIn]);

  if (isIn === null) return null;
  if (!isIn) return <Login />;
  const snapshot = thread.value?.snapshot;
  return (
    <main class="app">
      <header>
        <Picker />
        {snapshot && (
          <p class="facts">
            <span>{snapshot.project}</span>
            <span>
              {snapshot.turn_count} {snapshot.turn_count === 1 ? 'turn' : 'turns'} · ${snapshot.cost_usd.toFixed(4)}
              {snapshot.budget?.warning && ` of $${snapshot.budget.limit_usd.toFixed(2)}`}
            </span>
          </p>
        )}
      </header>
      <Chat />
      <Composer />
    </main>
  );
}
