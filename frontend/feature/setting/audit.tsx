import { useState } from 'preact/hooks';
import type { AuditEntry } from '../../../contract/prompt.ts';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { runReported } from '../../state/session.ts';
import { When } from '../../ui/when.tsx';
import { useLoaded } from './load.ts';

const pageSize = 50;

/** Who decided what, when and from where. */
export function Audit() {
  const [older, setOlder] = useState<AuditEntry[]>([]);
  const [before, setBefore] = useState<number | null>(null);
  const [newest] = useLoaded(async () => {
    const page = await call('audit', { query: { limit: pageSize } });
    setBefore(page.before);
    return page.entries;
  });
  const t = settingMessages.value;

  async function more(): Promise<void> {
    await runReported(async () => {
      const page = await call('audit', { query: { limit: pageSize, before: before ?? undefined } });
      setOlder([...older, ...page.entries]);
      setBefore(page.before);
    });
  }

  return (
    <section class="part">
      {newest && !newest.length && <p class="quiet-line">{t.noAudit}</p>}
      <ul class="rows log">
        {[...(newest ?? []), ...older].map(
          ({ id, at, action, actor, address, conv_id, tool, input, detail }) => (
            <li key={id}>
              <span>
                <strong>{t.auditActions[action]}</strong> {tool} {conv_id && `· ${conv_id}`}
                {input && <code dir="auto"> {input.slice(0, 200)}</code>}
                <small>
                  {' '}
                  {actor} {address} {detail && detail !== '{}' && detail.slice(0, 200)}
                </small>
              </span>
              <When time={at} />
            </li>
          ),
        )}
      </ul>
      {before !== null && (
        <button type="button" onClick={() => void more()}>
          {t.older}
        </button>
      )}
    </section>
  );
}
