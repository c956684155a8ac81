import { useSignal } from '@preact/signals';
import { ApiError, call } from '../../api/client.ts';
import { loadConversations } from '../../state/app-state.ts';
import './login.css';

export function Login() {
  const problem = useSignal<string | null>(null);
  const isBusy = useSignal(false);

  async function signIn(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    isBusy.value = true;
    try {
      await call('login', { body: { username: String(form.get('username')), password: String(form.get('password')) } });
      await loadConversations();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problem.value = `${error.message} ${error.hint}`;
    } finally {
      isBusy.value = false;
    }
  }

  return (
    <main class="login">
      <form onSubmit={signIn}>
        <h1>Switchboard</h1>
        <label>
          User
          <input name="username" autocomplete="username" autocapitalize="none" spellcheck={false} defaultValue="switchboard" required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {problem.value && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        <button type="submit" class="primary" disabled={isBusy.value}>
          Sign in
        </button>
        <p class="login-hint">The terminal in which the server was started says where the password is.</p>
      </form>
    </main>
  );
}
