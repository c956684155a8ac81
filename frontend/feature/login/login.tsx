import { useState } from 'preact/hooks';
import { ApiError, call, describeError } from '../../api/client.ts';
import { startLive } from '../../state/live.ts';
import { flushSoon } from '../../state/outbox.ts';
import { noteSignIn } from '../../state/session.ts';
import { isMounted } from '../../ui/mounted.ts';
import { words } from '../../word/words.ts';
import './login.css';

/** The form that signs this browser in. */
export function Login() {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const t = words.value;

  async function signIn(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      await call('login', {
        body: { username: String(form.get('username')), password: String(form.get('password')) },
      });
      noteSignIn(true);
      startLive(null);
      flushSoon();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(describeError(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <main class="login">
      {/* Sent by the browser itself, before its script is there, it must not carry the password in an address. */}
      <form method="post" onSubmit={signIn}>
        <h1>Switchboard</h1>
        <label>
          {t.user}
          <input
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            defaultValue="switchboard"
            required
          />
        </label>
        <label>
          {t.password}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {problem && (
          <p class="problem" role="alert">
            {problem}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy || !isMounted.value}>
          {t.signIn}
        </button>
        <p class="quiet-line">{t.whereIsPassword}</p>
      </form>
    </main>
  );
}
