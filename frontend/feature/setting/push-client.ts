import { call } from '../../api/client.ts';
import { locale } from '../../i18n/messages.ts';
import { database } from '../../store/database.ts';

/** A step towards a notification, and what prevents it. */
export type PushStep =
  | 'support'
  | 'secure'
  | 'permission'
  | 'worker'
  | 'subscribe'
  | 'register'
  | 'send'
  | 'show';
export type StepResult = { step: PushStep; ok: boolean; detail: string };

const toBytes = (base64url: string) =>
  Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (letter) =>
    letter.charCodeAt(0),
  );

/** How long the device may take to show a test after it was sent. */
const shownWithinMs = 15_000;

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  return Promise.race([
    work,
    new Promise<T>((_, reject) => setTimeout(() => reject(new Error(`${ms / 1000} s`)), ms)),
  ]);
}

/** Subscribes this browser to notifications, step by step. Ends with the step that failed. */
export async function subscribe(note: (result: StepResult) => void): Promise<string | null> {
  let step: PushStep = 'support';
  const pass = (next: PushStep, detail = '') => {
    note({ step, ok: true, detail });
    step = next;
  };
  try {
    if (!isSecureContext) {
      step = 'secure';
      throw new Error(location.origin);
    }
    if (!('PushManager' in window) || !('Notification' in window)) throw new Error(navigator.userAgent);
    pass('permission');
    const permission = await Notification.requestPermission();
    if (permission !== 'granted') throw new Error(permission);
    pass('worker');
    const registration = await within(navigator.serviceWorker.ready, 10_000);
    pass('subscribe');
    const { public_key } = await call('readPush', {});
    const key = toBytes(public_key);
    const before = await registration.pushManager.getSubscription();
    // One that was made for other keys can no longer be sent to.
    if (before && !sameBytes(before.options.applicationServerKey, key)) await before.unsubscribe();
    const subscription = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: key,
    });
    pass('register');
    const { endpoint, keys } = subscription.toJSON();
    const made = await call('addDevice', {
      body: {
        kind: 'web',
        subscription: {
          endpoint: endpoint ?? '',
          keys: { p256dh: keys?.['p256dh'] ?? '', auth: keys?.['auth'] ?? '' },
        },
      },
    });
    const db = await database();
    await db.put('setting', { key: 'language', value: locale.value });
    await db.put('setting', { key: 'device', value: made.device.id });
    note({ step, ok: true, detail: '' });
    return made.device.id;
  } catch (error) {
    note({ step, ok: false, detail: (error as Error).message });
    return null;
  }
}

function sameBytes(one: ArrayBuffer | null, other: Uint8Array): boolean {
  const bytes = new Uint8Array(one ?? new ArrayBuffer(0));
  return bytes.length === other.length && bytes.every((byte, index) => byte === other[index]);
}

/** Sends a test to a device. If it is this browser, waits until it was shown. */
export async function sendTest(
  deviceId: string,
  isOwn: boolean,
  note: (result: StepResult) => void,
): Promise<void> {
  const shown = isOwn ? listenShown() : null;
  const sent = await call('testDevice', { params: { id: deviceId } });
  note({ step: 'send', ok: sent.state === 'sent', detail: sent.detail ?? '' });
  if (sent.state !== 'sent' || !shown) return;
  await within(shown(sent.notice_id), shownWithinMs).then(
    () => note({ step: 'show', ok: true, detail: '' }),
    (error) => note({ step: 'show', ok: false, detail: (error as Error).message }),
  );
}

/** The worker says which it has shown; that may be before the server's answer is here. */
function listenShown(): (noticeId: string) => Promise<void> {
  const seen = new Set<string>();
  let wake = () => {};
  navigator.serviceWorker.addEventListener(
    'message',
    ({ data }: MessageEvent) => {
      if (data?.type !== 'shown') return;
      seen.add(String(data.notice_id));
      wake();
    },
    { signal: AbortSignal.timeout(2 * shownWithinMs) },
  );
  return (noticeId) =>
    new Promise((resolve) => {
      wake = () => seen.has(noticeId) && resolve();
      wake();
    });
}

/** The id of this browser's own device, if it is subscribed. */
export async function ownDevice(): Promise<string | null> {
  const kept = await database()
    .then((db) => db.get('setting', 'device'))
    .catch(() => undefined);
  return kept?.value ?? null;
}
