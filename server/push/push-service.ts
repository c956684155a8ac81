import { randomBytes } from 'node:crypto';
import type { StoredEvent } from '../../contract/event.ts';
import type { AddDevice, Delivery, PushDevice, PushSettings } from '../../contract/push.ts';
import { AppError } from '../app-error.ts';
import type { NoteFault } from '../util/file-fault.ts';
import { Notifier, type NotifierDeps } from './notifier.ts';
import { createNtfy } from './ntfy.ts';
import type { PushStore, StoredDevice } from './port.ts';
import { createSafePost } from './safe-post.ts';
import { createSeen, type Seen } from './seen.ts';
import { loadVapidKeys, type VapidKeys } from './vapid.ts';
import { createWebPush } from './web-push.ts';
import { createWebhook } from './webhook.ts';

/** How many deliveries the state lists. */
const maxListed = 50;

export type PushDeps = Omit<NotifierDeps, 'channels' | 'seen'> & {
  dataFolder: string;
  noteFault: NoteFault;
  allowPrivate: boolean;
  /** The address of this server on the internet; null if it has none. */
  publicUrl(): string | null;
};

type PushState = {
  public_key: string;
  settings: PushSettings;
  devices: PushDevice[];
  deliveries: Delivery[];
};

export const createPushes = (deps: PushDeps): Pushes => new Pushes(deps);

/** Push service: devices, settings, notices and the log of deliveries. */
export class Pushes {
  readonly #deps: PushDeps;
  readonly #store: PushStore;
  readonly #post: ReturnType<typeof createSafePost>;
  readonly #seen: Seen = createSeen();
  readonly #notifier: Notifier;
  #keys: Promise<VapidKeys> | null = null;

  constructor(deps: PushDeps) {
    this.#deps = deps;
    this.#store = deps.store;
    this.#post = createSafePost(deps);
    const post = this.#post;
    const channels = {
      web: createWebPush({ ...deps, post, vapid: () => this.#loadKeys() }),
      ntfy: createNtfy({ ...deps, post }),
      webhook: createWebhook({ ...deps, post }),
    };
    this.#notifier = new Notifier({ ...deps, channels, seen: this.#seen });
  }

  onEvent(event: StoredEvent): void {
    this.#notifier.onEvent(event);
  }

  async state(): Promise<PushState> {
    return {
      public_key: (await this.#loadKeys()).publicKey,
      settings: this.#store.settings(),
      devices: this.#store.devices().map((device) => this.#present(device)),
      deliveries: this.#store.deliveries(maxListed),
    };
  }

  change(changes: { [K in keyof PushSettings]?: PushSettings[K] | undefined }): PushSettings {
    const defined = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const settings = { ...this.#store.settings(), ...defined };
    this.#store.saveSettings(settings);
    return settings;
  }

  /** Throws AppError `address_not_allowed`. `secret` is set for a webhook, and returned only here. */
  async add(
    request: AddDevice,
    credential: { id: string | null; label: string },
  ): Promise<{ device: PushDevice; secret: string | null }> {
    const url = request.kind === 'web' ? request.subscription.endpoint : request.url;
    await this.#post.check(url);
    const secret = toSecret(request);
    const existing = this.#store.devices().find((device) => device.url === url);
    const device: StoredDevice = {
      id: existing?.id ?? this.#deps.newId(),
      kind: request.kind,
      label: request.label || credential.label,
      url,
      secret,
      created_at: this.#deps.now().toISOString(),
      credential_id: credential.id,
    };
    this.#store.addDevice(device);
    return {
      device: this.#present(device),
      secret: request.kind === 'webhook' ? (secret['secret'] ?? null) : null,
    };
  }

  remove(id: string): void {
    this.#store.removeDevice(this.#requireDevice(id).id);
  }

  /**
   * Removes the devices that a sign-in or token has added, because it was revoked. At a sign-out only
   * browsers go: topics and webhooks stay.
   */
  removeOfCredential(id: string, which: 'all' | 'browsers'): void {
    this.#store.removeOfCredential(id, which);
  }

  /**
   * Removes all browsers, all devices that sign-ins and tokens have added, and the buttons of all
   * notifications.
   */
  removeOfSignIns(): void {
    this.#store.removeOfSignIns();
    this.#store.dropAllActions();
  }

  async test(id: string): Promise<Delivery> {
    return this.#notifier.test(this.#requireDevice(id));
  }

  report(endpoint: string, noticeId: string, state: Delivery['state'], detail: string | null): boolean {
    return this.#notifier.report(endpoint, noticeId, state, detail);
  }

  seen(convId: string, eventId: number): void {
    this.#seen.note(convId, eventId);
  }

  /** Throws AppError `action_not_found`. */
  takeAction(token: string): NonNullable<ReturnType<PushStore['takeAction']>> {
    const action = this.#notifier.takeAction(token);
    if (!action) throw new AppError('action_not_found');
    return action;
  }

  dispose(): void {
    this.#notifier.dispose();
  }

  #loadKeys(): Promise<VapidKeys> {
    const hasBrowser = () => this.#store.devices().some(({ kind }) => kind === 'web');
    this.#keys ??= loadVapidKeys(this.#deps.dataFolder, this.#deps.noteFault, hasBrowser).catch((error) => {
      this.#keys = null;
      throw error;
    });
    return this.#keys;
  }

  #requireDevice(id: string): StoredDevice {
    const device = this.#store.devices().find((entry) => entry.id === id);
    if (device) return device;
    throw new AppError('device_not_found', `There is no device ${JSON.stringify(id)}.`, { field: 'id' });
  }

  #present({ id, kind, label, url, created_at }: StoredDevice): PushDevice {
    return { id, kind, label, address: new URL(url).host, created_at, last: this.#store.last(id) };
  }
}

function toSecret(request: AddDevice): Record<string, string> {
  if (request.kind === 'web') return request.subscription.keys;
  if (request.kind === 'webhook') return { secret: `whsec_${randomBytes(24).toString('base64')}` };
  return request.token ? { token: request.token } : {};
}
