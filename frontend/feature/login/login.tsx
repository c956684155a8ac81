import { useState } from 'preact/hooks';
import { ApiError, call } from '../../api/client.ts';
import { describeFailure, type Failure } from '../../i18n/errors.ts';
import { messages } from '../../i18n/messages.ts';
import { deliverSoon } from '../../state/delivery.ts';
import { startLive } from '../../state/live.ts';
import { recordSignIn } from '../../state/session.ts';
import { isMounted } from '../../ui/mounted.ts';
import './login.css';

/** The form that signs this browser in. */
export function Login() {
  const [problem, setProblem] = useState<Failure | null>(null);
  const [isBusy, setBusy] = useState(false);
  const t = messages.value;

  async function signIn(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      await call('login', {
        body: { username: String(form.get('username')), password: String(form.get('password')) },
      });
      recordSignIn(true);
      startLive(null);
      deliverSoon();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.failure);
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
            {describeFailure(problem)}
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
