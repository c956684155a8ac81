import { useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { runReported } from '../../state/session.ts';
import { When } from '../../ui/when.tsx';
import { AddChannel } from './add-channel.tsx';
import { useLoaded } from './load.ts';
import { ownDevice, type StepResult, sendTest, subscribe } from './push-client.ts';
import { PushRules } from './push-rules.tsx';

type Push = Answer<'readPush'>;
type Device = Push['devices'][number];

/** Which devices are notified of what, and whether notifications arrive. */
export function Notifications() {
  const [push, load] = useLoaded(() => call('readPush', {}));
  const [steps, setSteps] = useState<StepResult[]>([]);
  const t = settingMessages.value;
  const addStep = (result: StepResult) => setSteps((before) => [...before, result]);

  async function subscribeThisDevice(): Promise<void> {
    setSteps([]);
    const id = await subscribe(addStep);
    if (id) await runReported(() => sendTest(id, true, addStep));
    await load();
  }

  async function testDevice({ id, kind }: Device): Promise<void> {
    setSteps([]);
    const isThisDevice = kind === 'web' && (await ownDevice()) === id;
    await runReported(() => sendTest(id, isThisDevice, addStep));
    await load();
  }

  async function removeDevice({ id }: Device): Promise<void> {
    await runReported(() => call('removeDevice', { params: { id } }));
    await load();
  }

  if (!push) return null;
  return (
    <section class="part">
      <button type="button" class="primary" onClick={() => void subscribeThisDevice()}>
        {t.tellThisDevice}
      </button>
      {steps.length > 0 && <Steps steps={steps} />}
      {push.devices.map((device) => (
        <DeviceCard
          key={device.id}
          device={device}
          test={() => void testDevice(device)}
          remove={() => void removeDevice(device)}
        />
      ))}
      <PushRules push={push} load={load} />
      <AddChannel onAdded={load} />
      <Deliveries deliveries={push.deliveries} />
    </section>
  );
}

function Steps({ steps }: { steps: readonly StepResult[] }) {
  const t = settingMessages.value;
  return (
    <ol class="steps" aria-label={t.stepList} aria-live="polite">
      {steps.map(({ step, ok, detail }) => (
        <li key={step} class={ok ? 'added' : 'removed'}>
          {ok ? '✓' : '✗'} {t.pushSteps[step]}
          {!ok && `: ${t.pushFixes[step]} (${detail})`}
        </li>
      ))}
    </ol>
  );
}

function DeviceCard({ device, test, remove }: { device: Device; test(): void; remove(): void }) {
  const t = settingMessages.value;
  const { label, address, last } = device;
  return (
    <div class="card">
      <p class="card-head">
        <strong>{label}</strong> <span>{address}</span>
      </p>
      {last && (
        <p class="quiet-line">
          {t.deliveryStates[last.state]} {last.detail ?? ''} <When time={last.at} />
        </p>
      )}
      <p class="choices">
        <button type="button" onClick={test}>
          {t.sendTest}
        </button>
        <button type="button" onClick={remove}>
          {t.remove}
        </button>
      </p>
    </div>
  );
}

/** What was sent last, and what became of it. */
function Deliveries({ deliveries }: Pick<Push, 'deliveries'>) {
  const t = settingMessages.value;
  return (
    <>
      <h2>{t.newestPushes}</h2>
      {!deliveries.length && <p class="quiet-line">{t.nothingSent}</p>}
      <ul class="rows log">
        {deliveries.map(({ notice_id, device_id, state, detail, kind, conv_id, at }, index) => (
          <li key={`${notice_id}${device_id}${index}`}>
            <span>
              {conv_id} · {kind === 'test' ? t.sendTest : t.noticeKinds[kind]} · {t.deliveryStates[state]}{' '}
              {detail && `(${detail})`}
            </span>
            <When time={at} />
          </li>
        ))}
      </ul>
    </>
  );
}
