import { randomBytes } from 'node:crypto';
import type { StoredEvent } from '../../contract/event.ts';
import type { AddDevice, Delivery, PushDevice, PushSettings } from '../../contract/push.ts';
import { AppError } from '../app-error.ts';
import type { NoteFault } from '../util/file-fault.ts';
import { createNotifier, type NotifierDeps } from './notifier.ts';
import { createNtfy } from './ntfy.ts';
import type { StoredDevice } from './port.ts';
import { createSafePost } from './safe-post.ts';
import { createSeen } from './seen.ts';
import { loadVapidKeys, type VapidKeys } from './vapid.ts';
import { createWebPush } from './web-push.ts';
import { createWebhook } from './webhook.ts';

const shownDeliveries = 50;

/** The door to what tells a person's devices: which there are, what they are told, and what became of it. */
export function createPushes(
  deps: Omit<NotifierDeps, 'channels' | 'seen'> & {
    dataFolder: string;
    noteFault: NoteFault;
    allowPrivate: boolean;
    /** The address under which this server is reached from outside; null where it is not. */
    publicUrl(): string | null;
  },
) {
  const { store } = deps;
  let keys: Promise<VapidKeys> | null = null;
  const isBrowserKnown = () => store.devices().some(({ kind }) => kind === 'web');
  const vapid = () => {
    keys ??= loadVapidKeys(deps.dataFolder, deps.noteFault, isBrowserKnown).catch((error) => {
      keys = null;
      throw error;
    });
    return keys;
  };
  const post = createSafePost(deps);
  const seen = createSeen();
  const channels = {
    web: createWebPush({ ...deps, post, vapid }),
    ntfy: createNtfy({ ...deps, post }),
    webhook: createWebhook({ ...deps, post }),
  };
  const notifier = createNotifier({ ...deps, channels, seen });

  function need(id: string): StoredDevice {
    const device = store.devices().find((one) => one.id === id);
    if (!device)
      throw new AppError('device_not_found', `There is no device ${JSON.stringify(id)}.`, { field: 'id' });
    return device;
  }

  const shown = ({ id, kind, label, url, created_at }: StoredDevice): PushDevice => ({
    id,
    kind,
    label,
    address: new URL(url).host,
    created_at,
    last: store.last(id),
  });

  return {
    onEvent: (event: StoredEvent): void => notifier.onEvent(event),
    state: async (): Promise<{
      public_key: string;
      settings: PushSettings;
      devices: PushDevice[];
      deliveries: Delivery[];
    }> => ({
      public_key: (await vapid()).publicKey,
      settings: store.settings(),
      devices: store.devices().map(shown),
      deliveries: store.deliveries(shownDeliveries),
    }),
    change(changes: { [K in keyof PushSettings]?: PushSettings[K] | undefined }): PushSettings {
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const settings = { ...store.settings(), ...given };
      store.saveSettings(settings);
      return settings;
    },
    /** Throws AppError `address_not_allowed`. `secret` is set for a webhook, this once. */
    async add(
      asked: AddDevice,
      credential: { id: string | null; label: string },
    ): Promise<{ device: PushDevice; secret: string | null }> {
      const url = asked.kind === 'web' ? asked.subscription.endpoint : asked.url;
      await post.check(url);
      const made = asked.kind === 'webhook' ? `whsec_${randomBytes(24).toString('base64')}` : null;
      const secret: Record<string, string> =
        asked.kind === 'web'
          ? asked.subscription.keys
          : asked.kind === 'ntfy'
            ? asked.token
              ? { token: asked.token }
              : {}
            : { secret: made ?? '' };
      const known = store.devices().find((device) => device.url === url);
      const device: StoredDevice = {
        id: known?.id ?? deps.newId(),
        kind: asked.kind,
        label: asked.label || credential.label,
        url,
        secret,
        created_at: deps.now().toISOString(),
        credential_id: credential.id,
      };
      store.addDevice(device);
      return { device: shown(device), secret: made };
    },
    remove(id: string): void {
      store.removeDevice(need(id).id);
    },
    /** A sign-in or token is gone: what it added goes too. Who signs out keeps topics and webhooks, which are no browsers. */
    removeOfCredential: (id: string, which: 'all' | 'browsers'): void => store.removeOfCredential(id, which),
    /** All browsers and all that sign-ins and tokens have added, and every button that a notification still has. */
    removeOfSignIns(): void {
      store.removeOfSignIns();
      store.dropAllActions();
    },
    test: (id: string): Promise<Delivery> => notifier.test(need(id)),
    report: notifier.report,
    seen: seen.note,
    /** Throws AppError `action_not_found`. */
    takeAction(token: string) {
      const action = notifier.takeAction(token);
      if (!action) throw new AppError('action_not_found');
      return action;
    },
    dispose: (): void => notifier.dispose(),
  };
}

export type Pushes = ReturnType<typeof createPushes>;
