import { useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { runReported } from '../../state/session.ts';
import { ChoiceField } from '../../ui/choice-field.tsx';
import { Copy } from '../../ui/copy.tsx';

/** Adds an ntfy topic or a webhook. The secret of a webhook is shown only once. */
export function AddChannel({ onAdded }: { onAdded(): Promise<void> }) {
  const [kind, setKind] = useState<'ntfy' | 'webhook'>('ntfy');
  const [url, setUrl] = useState('');
  const [token, setToken] = useState('');
  const [secret, setSecret] = useState<string | null>(null);
  const t = settingMessages.value;

  async function add(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const isAdded = await runReported(async () => {
      const body = kind === 'ntfy' ? { kind, url, ...(token ? { token } : {}) } : { kind, url };
      setSecret((await call('addDevice', { body })).secret);
    });
    if (!isAdded) return;
    setUrl('');
    setToken('');
    await onAdded();
  }

  return (
    <details class="card">
      <summary>{t.otherChannels}</summary>
      <form class="part" onSubmit={add}>
        <ChoiceField
          label={t.channel}
          value={kind}
          names={{ ntfy: 'ntfy', webhook: 'Webhook' }}
          onChange={(value: 'ntfy' | 'webhook') => setKind(value)}
        />
        <label>
          {t.address}
          <input
            type="url"
            required
            value={url}
            placeholder={kind === 'ntfy' ? 'https://ntfy.sh/topic' : 'https://'}
            onInput={(event) => setUrl(event.currentTarget.value)}
          />
        </label>
        {kind === 'ntfy' && (
          <label>
            {t.ntfyToken}
            <input
              value={token}
              autocomplete="off"
              onInput={(event) => setToken(event.currentTarget.value)}
            />
          </label>
        )}
        <button type="submit">{t.addChannel}</button>
        <p class="quiet-line">{kind === 'ntfy' ? t.ntfyAbout : t.webhookAbout}</p>
      </form>
      {secret && (
        <p class="card" role="status">
          {t.secretOnce} <code>{secret}</code> <Copy text={secret} />
        </p>
      )}
    </details>
  );
}
