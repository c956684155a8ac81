import type { ComponentChildren, ComponentType } from 'preact';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { navigate } from '../../state/route.ts';
import { Icon } from '../../ui/icon.tsx';
import { Api } from './api.tsx';
import { Audit } from './audit.tsx';
import { Connect } from './connect.tsx';
import { Devices } from './devices.tsx';
import { Look } from './look.tsx';
import { Notifications } from './notifications.tsx';
import { Rules } from './rules.tsx';
import { Status } from './status.tsx';
import './setting.css';

const parts = {
  look: Look,
  notifications: Notifications,
  connect: Connect,
  devices: Devices,
  rules: Rules,
  audit: Audit,
  status: Status,
  api: Api,
} as const;
type Part = keyof typeof parts;

const isPart = (name: string | null): name is Part => name !== null && Object.hasOwn(parts, name);

type SettingsProps = {
  part: string | null;
  /** Where the way back leads. */
  home: string;
  /** What is the matter. */
  lines: ComponentChildren;
};

/** The page of settings: a list of its parts, and one of them. */
export function Settings({ part, home, lines }: SettingsProps) {
  const t = settingMessages.value;
  const Shown: ComponentType | null = isPart(part) ? parts[part] : null;
  return (
    <main class="settings">
      <header class="settings-head">
        <button
          type="button"
          class="plain"
          aria-label={t.back}
          onClick={() => navigate(part ? '/settings' : home)}
        >
          <Icon name="back" />
        </button>
        <h1>{isPart(part) ? t.settingParts[part] : t.settings}</h1>
      </header>
      {lines}
      {Shown ? (
        <Shown />
      ) : (
        <ul class="rows">
          {(Object.keys(parts) as Part[]).map((name) => (
            <li key={name}>
              <button type="button" class="plain row-main" onClick={() => navigate(`/settings/${name}`)}>
                {t.settingParts[name]}
              </button>
            </li>
          ))}
        </ul>
      )}
    </main>
  );
}
