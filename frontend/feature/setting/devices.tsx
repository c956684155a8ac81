import { useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { stopLive } from '../../state/live.ts';
import { navigate } from '../../state/route.ts';
import { recordSignIn, runReported } from '../../state/session.ts';
import { forgetRead } from '../../store/database.ts';
import { Copy } from '../../ui/copy.tsx';
import { When } from '../../ui/when.tsx';
import { useLoaded } from './load.ts';

/** Leaves this browser as it was before: what was stored here is deleted too. */
async function leaveBrowser(): Promise<void> {
  stopLive();
  await forgetRead().catch(() => {});
  localStorage.clear();
  navigate('/', { replace: true });
  recordSignIn(false);
}

type Credential = Answer<'listCredentials'>['credentials'][number];

/** Browsers that are signed in, and the tokens of scripts. */
export function Devices() {
  const [list, load] = useLoaded(() => call('listCredentials', {}));
  const [token, setToken] = useState<string | null>(null);
  const [label, setLabel] = useState('');
  const t = settingMessages.value;

  async function createToken(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    await runReported(async () => setToken((await call('createToken', { body: { label } })).token));
    setLabel('');
    await load();
  }

  async function revoke({ id, current }: Credential): Promise<void> {
    const isDone = await runReported(() =>
      current ? call('logout', {}) : call('revokeCredential', { params: { id } }),
    );
    await (isDone && current ? leaveBrowser() : load());
  }

  async function signOutAll(): Promise<void> {
    if (await runReported(() => call('logoutAll', { body: {} }))) await leaveBrowser();
  }

  return (
    <section class="part">
      {list?.credentials.map((credential) => (
        <CredentialCard key={credential.id} credential={credential} revoke={() => void revoke(credential)} />
      ))}
      <button type="button" class="danger" onClick={() => void signOutAll()}>
        {t.signOutAll}
      </button>
      <form class="folder-field" onSubmit={createToken}>
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

function CredentialCard({ credential, revoke }: { credential: Credential; revoke(): void }) {
  const { kind, label, last_used_at, current } = credential;
  const t = settingMessages.value;
  return (
    <div class="card">
      <p class="card-head">
        <strong>{label}</strong> <span>{kind === 'token' ? t.token : t.browser}</span>{' '}
        {current && <span class="added">{t.thisOne}</span>}
      </p>
      <p class="quiet-line">
        {t.lastUsed} <When time={last_used_at} />
      </p>
      <button type="button" onClick={revoke}>
        {current ? t.signOut : t.revoke}
      </button>
    </div>
  );
}
