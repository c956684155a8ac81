import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { stopLive } from '../../state/live.ts';
import { navigate } from '../../state/route.ts';
import { recordSignIn, runReported } from '../../state/session.ts';
import { forgetRead } from '../../store/database.ts';
import { Copy } from '../../ui/copy.tsx';
import { When } from '../../ui/when.tsx';
import { useLoaded } from './load.ts';

/** Leaves this browser as it was before: what was read here goes too. */
async function leave(): Promise<void> {
  stopLive();
  await forgetRead().catch(() => {});
  localStorage.clear();
  navigate('/', { replace: true });
  recordSignIn(false);
}

/** Who is signed in, and the tokens of scripts. */
export function Devices() {
  const [found, load] = useLoaded(() => call('listCredentials', {}));
  const [token, setToken] = useState<string | null>(null);
  const [label, setLabel] = useState('');
  const t = settingMessages.value;

  async function makeToken(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    await runReported(async () => setToken((await call('createToken', { body: { label } })).token));
    setLabel('');
    await load();
  }

  async function revoke(id: string, isOwn: boolean): Promise<void> {
    const isDone = await runReported(() =>
      isOwn ? call('logout', {}) : call('revokeCredential', { params: { id } }),
    );
    await (isDone && isOwn ? leave() : load());
  }

  async function signOutAll(): Promise<void> {
    if (await runReported(() => call('logoutAll', { body: {} }))) await leave();
  }

  return (
    <section class="part">
      {found?.credentials.map(({ id, kind, label: name, last_used_at, current }) => (
        <div key={id} class="card">
          <p class="card-head">
            <strong>{name}</strong> <span>{kind === 'token' ? t.token : t.browser}</span>{' '}
            {current && <span class="added">{t.thisOne}</span>}
          </p>
          <p class="quiet-line">
            {t.lastUsed} <When time={last_used_at} />
          </p>
          <button type="button" onClick={() => void revoke(id, current)}>
            {current ? t.signOut : t.revoke}
          </button>
        </div>
      ))}
      <button type="button" class="danger" onClick={() => void signOutAll()}>
        {t.signOutAll}
      </button>
      <form class="folder-field" onSubmit={makeToken}>
        <input
          aria-label={t.tokenName}
          placeholder={t.tokenName}
          required
          maxLength={100}
          value={label}
          onInput={(event) => setLabel(event.currentTarget.value)}
        />
        <button type="submit">{t.makeToken}</button>
      </form>
      {token && (
        <p class="card" role="status">
          {t.secretOnce} <code>{token}</code> <Copy text={token} />
        </p>
      )}
    </section>
  );
}
