import { useEffect, useState } from 'preact/hooks';
import { ApiError, call } from '../../api/client.ts';
import { describeFailure, type Failure } from '../../i18n/errors.ts';
import { messages } from '../../i18n/messages.ts';
import { startLive } from '../../state/live.ts';
import { navigate } from '../../state/route.ts';
import { recordSignIn } from '../../state/session.ts';
import './login.css';

/** Signs this browser in by the link that another one has made. */
export function Pair() {
  const [problem, setProblem] = useState<Failure | null>(null);
  const t = messages.value;
  useEffect(() => {
    const code = location.hash.slice(1);
    // It works once: it need not stay in the history.
    history.replaceState(null, '', '/pair');
    call('pair', { body: { code: code || '-' } }).then(
      () => {
        recordSignIn(true);
        navigate('/', { replace: true });
        startLive(null);
      },
      (error) => setProblem(error instanceof ApiError ? error.failure : { code: '', detail: String(error) }),
    );
  }, []);
  return (
    <main class="login">
      <div class="login-box">
        <h1>Switchboard</h1>
        {problem ? (
          <>
            <p class="problem" role="alert">
              {describeFailure(problem)}
            </p>
            <button type="button" onClick={() => navigate('/', { replace: true })}>
              {t.signIn}
            </button>
          </>
        ) : (
          <p class="quiet-line">{t.signingIn}</p>
        )}
      </div>
    </main>
  );
}
