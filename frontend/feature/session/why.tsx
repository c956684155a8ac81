import { useEffect, useState } from 'preact/hooks';
import type { ArchiveRecord } from '../../../contract/archive.ts';
import type { Answer } from '../../../contract/endpoint.ts';
import { addressOf, call } from '../../api/client.ts';
import { sessionMessages } from '../../i18n/session-messages.ts';
import { navigate } from '../../state/route.ts';
import { runReported } from '../../state/session.ts';
import { When } from '../../ui/when.tsx';

type Repair = Answer<'repairSession'>;

/** What happened to a session: what it did last, how it ended where it was started here, and what is wrong with its transcript. */
export function Why({ id, record }: { id: string; record: ArchiveRecord | null }) {
  const [why, setWhy] = useState<Answer<'diagnoseSession'> | null>(null);
  const [repair, setRepair] = useState<Repair | null>(null);
  const t = sessionMessages.value;
  const params = { host: 'local', id };

  useEffect(() => {
    void runReported(async () => setWhy(await call('diagnoseSession', { params })));
    void runReported(async () => setRepair(await call('repairSession', { params, body: { dry_run: true } })));
  }, []);

  if (!why) return null;
  return (
    <section class="card" aria-label={t.advice}>
      <p>{why.advice}</p>
      {why.last_command && (
        <p class="quiet-line">
          {t.lastCommand}: <code>{why.last_command}</code>
          {why.last_exit_code !== null && ` (${why.last_exit_code})`}
        </p>
      )}
      {why.last_output && why.reason !== 'answered' && (
        <details>
          <summary>{t.lastOutput}</summary>
          <pre>{why.last_output.slice(-600)}</pre>
        </details>
      )}
      {record?.ended_at && (record.door === 'terminal' || record.reason !== 'clean_exit') && (
        <p>
          {record.door === 'terminal' ? t.terminalEnded : t.workEnded} <When time={record.ended_at} />:{' '}
          {record.advice}{' '}
          {record.log_bytes > 0 && (
            <a
              href={addressOf('readArchiveLog', { params: { id: record.id } })}
              target="_blank"
              rel="noreferrer"
            >
              {t.itsLog}
            </a>
          )}
        </p>
      )}
      {repair && !repair.sound && <Mend id={id} repair={repair} />}
    </section>
  );
}

function Mend({ id, repair }: { id: string; repair: Repair }) {
  const t = sessionMessages.value;
  async function mend(): Promise<void> {
    await runReported(async () => {
      const { copy } = await call('repairSession', { params: { host: 'local', id }, body: {} });
      if (copy) navigate(`/sessions/${copy.session_id}`);
    });
  }
  return (
    <>
      <p class="problem">{t.resumeLoses}</p>
      <ul>
        {repair.loses.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <button type="button" onClick={() => void mend()}>
        {t.repairCopy}
      </button>
    </>
  );
}
