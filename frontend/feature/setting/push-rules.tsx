import { useRef, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import { call } from '../../api/client.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { runReported } from '../../state/session.ts';

type Push = Answer<'readPush'>;
type Settings = Push['settings'];
type FieldProps = { settings: Settings; change(changes: Partial<Settings>): Promise<void> };

const kinds = ['needs_me', 'finished', 'failed'] as const;

/** Minutes after which a reminder can come. */
const reminderMinutes = [5, 10, 30, 60];

/** What devices are notified of, when, and how often. */
export function PushRules({ push, load }: { push: Push; load(): Promise<void> }) {
  // A change is shown at once, and stays while an earlier answer of the server arrives.
  const [changed, setChanged] = useState<Partial<Settings>>({});
  const pending = useRef(0);
  const settings = { ...push.settings, ...changed };

  async function change(changes: Partial<Settings>): Promise<void> {
    setChanged((before) => ({ ...before, ...changes }));
    pending.current += 1;
    await runReported(() => call('changePush', { body: changes }));
    await load();
    pending.current -= 1;
    if (!pending.current) setChanged({});
  }

  return (
    <>
      <KindFields settings={settings} change={change} />
      <QuietHours settings={settings} change={change} />
      <ReminderField settings={settings} change={change} />
    </>
  );
}

function KindFields({ settings: { kinds: chosen }, change }: FieldProps) {
  const t = settingMessages.value;
  const toggle = (kind: (typeof kinds)[number]) =>
    chosen.includes(kind) ? chosen.filter((other) => other !== kind) : [...chosen, kind];
  return (
    <fieldset>
      <legend>{t.notifyFor}</legend>
      {kinds.map((kind) => (
        <label key={kind} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(kind)}
            onChange={() => void change({ kinds: toggle(kind) })}
          />
          {t.noticeKinds[kind]}
        </label>
      ))}
    </fieldset>
  );
}

function QuietHours({ settings: { quiet }, change }: FieldProps) {
  const t = settingMessages.value;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const night = { from: '22:00', to: '07:00', time_zone: timeZone };
  return (
    <fieldset>
      <legend>{t.quietHours}</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={quiet !== null}
          onChange={() => void change({ quiet: quiet ? null : night })}
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
  );
}

function ReminderField({ settings: { again_after_min }, change }: FieldProps) {
  const t = settingMessages.value;
  const options = new Set([...reminderMinutes, ...(again_after_min ? [again_after_min] : [])]);
  return (
    <label>
      {t.againAfter}
      <select
        value={again_after_min ?? ''}
        onChange={(event) => void change({ again_after_min: Number(event.currentTarget.value) || null })}
      >
        <option value="">{t.never}</option>
        {[...options].map((minutes) => (
          <option key={minutes} value={minutes}>
            {t.minutes(minutes)}
          </option>
        ))}
      </select>
    </label>
  );
}
