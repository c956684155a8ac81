import { useRef, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { runReported } from '../../state/session.ts';
import { When } from '../../ui/when.tsx';
import { AddChannel } from './add-channel.tsx';
import { useLoaded } from './load.ts';
import { ownDevice, type StepResult, sendTest, subscribe } from './push-client.ts';

type Push = Answer<'readPush'>;

const kinds = ['needs_me', 'finished', 'failed'] as const;

/** Who is told of what, and whether it arrives. */
export function Notifications() {
  const [push, load] = useLoaded(() => call('readPush', {}));
  const [steps, setSteps] = useState<StepResult[]>([]);
  const t = settingMessages.value;
  const note = (result: StepResult) => setSteps((before) => [...before, result]);

  async function turnOn(): Promise<void> {
    setSteps([]);
    const id = await subscribe(note);
    if (id) await runReported(() => sendTest(id, true, note));
    await load();
  }

  async function test(id: string, kind: string): Promise<void> {
    setSteps([]);
    const isOwn = kind === 'web' && (await ownDevice()) === id;
    await runReported(() => sendTest(id, isOwn, note));
    await load();
  }

  if (!push) return null;
  return (
    <section class="part">
      <button type="button" class="primary" onClick={() => void turnOn()}>
        {t.tellThisDevice}
      </button>
      {steps.length > 0 && (
        <ol class="steps" aria-label={t.stepList} aria-live="polite">
          {steps.map(({ step, ok, detail }) => (
            <li key={step} class={ok ? 'added' : 'removed'}>
              {ok ? '✓' : '✗'} {t.pushSteps[step]}
              {!ok && `: ${t.pushFixes[step]} (${detail})`}
            </li>
          ))}
        </ol>
      )}
      {push.devices.map((device) => (
        <div key={device.id} class="card">
          <p class="card-head">
            <strong>{device.label}</strong> <span>{device.address}</span>
          </p>
          {device.last && (
            <p class="quiet-line">
              {t.deliveryStates[device.last.state]} {device.last.detail ?? ''} <When time={device.last.at} />
            </p>
          )}
          <p class="choices">
            <button type="button" onClick={() => void test(device.id, device.kind)}>
              {t.sendTest}
            </button>
            <button
              type="button"
              onClick={() =>
                void runReported(() => call('removeDevice', { params: { id: device.id } })).then(load)
              }
            >
              {t.remove}
            </button>
          </p>
        </div>
      ))}
      <PushRules push={push} load={load} />
      <AddChannel onAdded={load} />
      <h2>{t.newestPushes}</h2>
      {!push.deliveries.length && <p class="quiet-line">{t.nothingSent}</p>}
      <ul class="rows log">
        {push.deliveries.map(({ notice_id, device_id, state, detail, kind, conv_id, at }, index) => (
          <li key={`${notice_id}${device_id}${index}`}>
            <span>
              {conv_id} · {kind === 'test' ? t.sendTest : t.noticeKinds[kind]} · {t.deliveryStates[state]}{' '}
              {detail && `(${detail})`}
            </span>
            <When time={at} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is told, when, and how often. */
function PushRules({ push: { settings }, load }: { push: Push; load(): Promise<void> }) {
  const t = settingMessages.value;
  // What was pressed is shown at once, and stays while an earlier answer of the server comes in.
  const [pressed, setPressed] = useState<Partial<Push['settings']>>({});
  const underway = useRef(0);
  const { kinds: told, quiet, again_after_min } = { ...settings, ...pressed };

  async function change(changes: Partial<Push['settings']>): Promise<void> {
    setPressed((before) => ({ ...before, ...changes }));
    underway.current += 1;
    await runReported(() => call('changePush', { body: changes }));
    await load();
    underway.current -= 1;
    if (!underway.current) setPressed({});
  }

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <>
      <fieldset>
        <legend>{t.notifyFor}</legend>
        {kinds.map((kind) => (
          <label key={kind} class="check">
            <input
              type="checkbox"
              checked={told.includes(kind)}
              onChange={() =>
                void change({
                  kinds: told.includes(kind) ? told.filter((one) => one !== kind) : [...told, kind],
                })
              }
            />
            {t.noticeKinds[kind]}
          </label>
        ))}
      </fieldset>
      <fieldset>
        <legend>{t.quietHours}</legend>
        <label class="check">
          <input
            type="checkbox"
            checked={quiet !== null}
            onChange={() =>
              void change({ quiet: quiet ? null : { from: '22:00', to: '07:00', time_zone: zone } })
            }
          />
          {t.quietHoursOn}
        </label>
        {quiet && (
          <p class="choices">
            <label>
              {t.from}
              <input
                type="time"
                value={quiet.from}
                onChange={(event) => void change({ quiet: { ...quiet, from: event.currentTarget.value } })}
              />
            </label>
            <label>
              {t.to}
              <input
                type="time"
                value={quiet.to}
                onChange={(event) => void change({ quiet: { ...quiet, to: event.currentTarget.value } })}
              />
            </label>
          </p>
        )}
      </fieldset>
      <label>
        {t.againAfter}
        <select
          value={again_after_min ?? ''}
          onChange={(event) => void change({ again_after_min: Number(event.currentTarget.value) || null })}
        >
          <option value="">{t.never}</option>
          {[...new Set([5, 10, 30, 60, ...(again_after_min ? [again_after_min] : [])])].map((minutes) => (
            <option key={minutes} value={minutes}>
              {t.minutes(minutes)}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
