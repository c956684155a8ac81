import { call } from '../../api/client.ts';
import { fixFor } from '../../i18n/errors.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { build } from '../../state/session.ts';
import { When } from '../../ui/when.tsx';
import { useLoaded } from './load.ts';

/** How the server is, with the cure for what is wrong. */
export function Status() {
  const [status, load] = useLoaded(() => call('status', {}));
  const t = settingMessages.value;
  if (!status) return null;
  const { claude, tunnel, turns, live, storage, budget_day } = status;
  const isStored = storage.writable && !storage.notes.length;
  const isWell = claude.found && claude.logged_in !== false && isStored && tunnel.state !== 'failed';
  return (
    <section class="part">
      <p class={isWell ? 'added' : 'problem'}>{isWell ? t.allWell : t.notWell}</p>
      <dl>
        <dt>claude</dt>
        <dd>
          {claude.found ? `${claude.version ?? ''} · ${claude.path ?? ''}` : t.notFound}
          {claude.logged_in === false && <strong> {t.notLoggedIn}</strong>}
          {claude.hint && <p class="problem">{fixFor(claude.found ? 'not_logged_in' : 'agent_not_found')}</p>}
        </dd>
        <dt>{t.tunnel}</dt>
        <dd>
          {t.tunnelStates[tunnel.state]} {tunnel.url}
          {tunnel.state === 'failed' && <p class="problem">{tunnel.detail}</p>}
        </dd>
        <dt>{t.turnsNow}</dt>
        <dd>{t.runningQueued(turns.running, turns.queued)}</dd>
        <dt>{t.liveProcesses}</dt>
        <dd>
          {live.open} / {live.limit}
        </dd>
        <dt>{t.storage}</dt>
        <dd>
          {isStored && t.fine}
          {storage.detail && <p class="problem">{storage.detail}</p>}
          {storage.notes.map(({ text }) => (
            <p class="problem" key={text}>
              {text}
            </p>
          ))}
        </dd>
        {budget_day && (
          <>
            <dt>{t.budgetToday}</dt>
            <dd>
              {t.money(budget_day.spent_usd)} / {t.money(budget_day.limit_usd)}
            </dd>
          </>
        )}
        <dt>{t.version}</dt>
        <dd>
          {status.version} · {build.value} · {t.since} <When time={status.started_at} />
        </dd>
      </dl>
      <button type="button" onClick={() => void load()}>
        {t.readAgain}
      </button>
    </section>
  );
}
