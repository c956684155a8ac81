import type { PushMessage } from '../../contract/push.ts';
import { call } from '../api/client.ts';
import { notificationMessages } from '../i18n/notification-messages.ts';
import { database } from '../store/database.ts';

declare const self: ServiceWorkerGlobalScope;

type Action = { action: string; title: string };
type Kept = { notice_id: string; conv_id: string; allow: string | null; deny: string | null };

const wordsHere = async () => {
  const kept = await database()
    .then((db) => db.get('setting', 'language'))
    .catch(() => undefined);
  return notificationMessages(kept?.value ?? navigator.language.slice(0, 2));
};

/** Reports to the server, and to open pages, what became of a notification. */
async function report(
  noticeId: string,
  state: 'shown' | 'pressed' | 'failed',
  detail?: string,
): Promise<void> {
  for (const client of await self.clients.matchAll({ type: 'window' }))
    client.postMessage({ type: state, notice_id: noticeId });
  const subscription = await self.registration.pushManager.getSubscription();
  const body = {
    notice_id: noticeId,
    endpoint: subscription?.endpoint ?? '',
    state,
    ...(detail ? { detail } : {}),
  };
  await call('reportPush', { body }).catch(() => {}); // What was shown was shown.
}

/** Shows a notice: one line for each conversation, the newest in place of the one before. */
export async function show(message: PushMessage): Promise<void> {
  const { setAppBadge } = self.navigator as { setAppBadge?: (count: number) => Promise<void> };
  await setAppBadge?.call(self.navigator, message.waiting).catch(() => {}); // Only an installed page has one.
  if (message.kind === 'withdraw') return withdraw(message);
  const t = await wordsHere();
  const { notice_id, conv_id, title, what, prompt, kind } = message;
  const allow = prompt?.allow ?? null;
  const deny = prompt?.deny ?? null;
  // What does not fit into a notification can only be allowed on its card.
  const first: Action = allow ? { action: 'allow', title: t.allow } : { action: 'open', title: t.open };
  const actions: Action[] = deny ? [first, { action: 'deny', title: t.deny }] : [];
  const options: NotificationOptions & { actions: Action[]; renotify: boolean; timestamp: number } = {
    body: t.body(kind, prompt, what),
    tag: conv_id || 'test',
    // It alerts even if it replaces an older one.
    renotify: true,
    icon: '/icon-192.png',
    badge: '/badge.png',
    timestamp: Date.parse(message.at),
    requireInteraction: kind === 'needs_me',
    data: { notice_id, conv_id, allow, deny } satisfies Kept,
    actions,
  };
  await self.registration.showNotification(kind === 'test' ? 'Switchboard' : title, options);
  await report(notice_id, 'shown');
}

/**
 * It was answered: the line goes. Browsers want something to be seen for each push (Safari ends the subscription
 * otherwise), so a silent notification takes its place for a moment.
 */
async function withdraw({ conv_id, notice_id, title }: PushMessage): Promise<void> {
  const t = await wordsHere();
  const shown = await self.registration.getNotifications({ tag: conv_id });
  // Another one has replaced it by now.
  if (shown.some(({ data }) => (data as Kept | null)?.notice_id !== notice_id)) return;
  await self.registration.showNotification(title, { body: t.answered, tag: conv_id, silent: true });
  for (const notification of await self.registration.getNotifications({ tag: conv_id })) notification.close();
}

/** A notification, or one of its buttons, was pressed. */
export async function press(notification: Notification, action: string): Promise<void> {
  const { notice_id, conv_id, allow, deny } = notification.data as Kept;
  notification.close();
  const token = action === 'allow' ? allow : action === 'deny' ? deny : null;
  if (!token) {
    await Promise.all([report(notice_id, 'pressed'), open(conv_id)]);
    return;
  }
  try {
    await call('pressAction', { params: { token } });
    await report(notice_id, 'pressed', action);
  } catch (error) {
    await report(notice_id, 'failed', (error as Error).message);
    // The answer could not be sent from here: the page shows why.
    const t = await wordsHere();
    await self.registration.showNotification(t.failedTitle, {
      body: (error as Error).message,
      tag: conv_id,
      data: { notice_id, conv_id, allow: null, deny: null },
    });
  }
}

async function open(convId: string): Promise<void> {
  const path = convId ? `/c/${encodeURIComponent(convId)}` : '/settings/notifications';
  const [client] = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (!client) {
    await self.clients.openWindow(path);
    return;
  }
  await client.focus();
  client.postMessage({ type: 'go', path });
}
