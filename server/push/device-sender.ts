import type { Delivery, PushMessage } from '../../contract/push.ts';
import { type PushChannel, PushError, type PushStore, type StoredDevice } from './port.ts';

export type DeviceSenderDeps = {
  store: PushStore;
  channels: Record<StoredDevice['kind'], PushChannel>;
  warn(error: unknown, text: string): void;
  now(): Date;
};

type DeliveryFacts = Pick<Delivery, 'notice_id' | 'conv_id' | 'kind' | 'state' | 'detail'>;

/** Sends messages to devices and logs what became of each. */
export class DeviceSender {
  readonly #deps: DeviceSenderDeps;

  constructor(deps: DeviceSenderDeps) {
    this.#deps = deps;
  }

  async sendMessage(
    device: StoredDevice,
    message: PushMessage & { kind: Delivery['kind'] },
  ): Promise<Delivery> {
    const { notice_id, conv_id, kind } = message;
    try {
      await this.#deps.channels[device.kind].send(device, message);
      return this.logDelivery(device, { notice_id, conv_id, kind, state: 'sent', detail: null });
    } catch (error) {
      const detail = (error as Error).message;
      const delivery = this.logDelivery(device, { notice_id, conv_id, kind, state: 'failed', detail });
      // The browser has unsubscribed, or was reset.
      if (error instanceof PushError && error.isGone) this.#deps.store.removeDevice(device.id);
      return delivery;
    }
  }

  /** Tells every device that a notice is out of date. Not logged: the delivery of the notice stays true. */
  async withdrawMessage(message: PushMessage & { kind: 'withdraw' }): Promise<void> {
    const { store, channels, warn } = this.#deps;
    await Promise.all(
      store.devices().map(async (device) => {
        try {
          await channels[device.kind].send(device, message);
        } catch (error) {
          warn(error, 'failed to withdraw a push message');
        }
      }),
    );
  }

  logDelivery(device: StoredDevice, { notice_id, conv_id, kind, state, detail }: DeliveryFacts): Delivery {
    const at = this.#deps.now().toISOString();
    const delivery = { notice_id, device_id: device.id, conv_id, kind, state, detail, at };
    try {
      this.#deps.store.note(delivery);
    } catch (error) {
      this.#deps.warn(error, 'failed to log a push delivery');
    }
    return delivery;
  }
}
