import type { z } from 'zod';
import type { Delivery, DeviceKind, PushMessage, PushSettings } from '../../contract/push.ts';

/** A device as it is kept. `secret` is what its kind needs to be sent to: keys, a token, the secret of signatures. */
export type StoredDevice = {
  id: string;
  kind: z.infer<typeof DeviceKind>;
  label: string;
  url: string;
  secret: Record<string, string>;
  created_at: string;
  /** The sign-in or token that added it: revoked with it. Null for what was added with the password. */
  credential_id: string | null;
};

/** One way to tell somebody something. */
export interface PushChannel {
  /** Sends a message. Throws PushError where it was not taken. */
  send(device: StoredDevice, message: PushMessage): Promise<void>;
}

/** The other side did not take a push; `isGone` where it says that there is no such device any more. */
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
  /** What a sign-in or token has added; `browsers`: of that the browsers alone. */
  removeOfCredential(credentialId: string, which: 'all' | 'browsers'): void;
  /** Every browser, and all that sign-ins and tokens have added. */
  removeOfSignIns(): void;
  settings(): PushSettings;
  saveSettings(settings: PushSettings): void;
  note(delivery: Delivery): void;
  /** The newest deliveries first. */
  deliveries(limit: number): Delivery[];
  last(deviceId: string): Delivery | null;
  addAction(action: { hash: string; prompt_id: string; conv_id: string; decision: 'allow' | 'deny' }): void;
  /** Uses a button up: with it go the other ones of its prompt. Null where there is none. */
  takeAction(hash: string): { prompt_id: string; conv_id: string; decision: 'allow' | 'deny' } | null;
  /** The buttons of a prompt are worth nothing any more. */
  dropActions(promptId: string): void;
  dropAllActions(): void;
}
