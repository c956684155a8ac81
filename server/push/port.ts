import type { z } from 'zod';
import type { Delivery, DeviceKind, PushMessage, PushSettings } from '../../contract/push.ts';

/**
 * A stored device. `secret` is what sending to its kind needs: keys, a token, or the secret of signatures.
 */
export type StoredDevice = {
  id: string;
  kind: z.infer<typeof DeviceKind>;
  label: string;
  url: string;
  secret: Record<string, string>;
  created_at: string;
  /**
   * The sign-in or token that added it; the device goes when it is revoked. Null if it was added with the
   * password.
   */
  credential_id: string | null;
};

/** One way to notify a person. */
export interface PushChannel {
  /** Sends a message. Throws PushError if it was not accepted. */
  send(device: StoredDevice, message: PushMessage): Promise<void>;
}

/** The other side refused a push; `isGone` if it reports that the device no longer exists. */
export class PushError extends Error {
  override name = 'PushError';
  readonly isGone: boolean;
  constructor(message: string, isGone = false) {
    super(message);
    this.isGone = isGone;
  }
}

/** Devices, settings, deliveries and one-use buttons, on disk when a call returns. */
export interface PushStore {
  devices(): StoredDevice[];
  /** Adds a device; one of the same address is replaced. */
  addDevice(device: StoredDevice): void;
  removeDevice(id: string): boolean;
  /** Removes the devices that a sign-in or token has added; with `browsers`, only the browsers among them. */
  removeOfCredential(credentialId: string, which: 'all' | 'browsers'): void;
  /** Removes every browser, and every device that sign-ins and tokens have added. */
  removeOfSignIns(): void;
  settings(): PushSettings;
  saveSettings(settings: PushSettings): void;
  note(delivery: Delivery): void;
  /** The newest deliveries first. */
  deliveries(limit: number): Delivery[];
  last(deviceId: string): Delivery | null;
  addAction(action: { hash: string; prompt_id: string; conv_id: string; decision: 'allow' | 'deny' }): void;
  /** Redeems a button and removes all buttons of its prompt. Null if it does not exist. */
  takeAction(hash: string): { prompt_id: string; conv_id: string; decision: 'allow' | 'deny' } | null;
  /** Removes the buttons of a prompt. */
  dropActions(promptId: string): void;
  dropAllActions(): void;
}
