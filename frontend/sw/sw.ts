import { matchPagePath } from '../../contract/page-path.ts';
import type { PushMessage } from '../../contract/push.ts';
import { activate, asset, install, page } from './cache.ts';
import { press, show } from './notify.ts';
import { sendOutbox } from './outbox.ts';
import { takeShared } from './share.ts';

declare const self: ServiceWorkerGlobalScope;

self.addEventListener('install', (event) => {
  // An open page keeps using its own parts, which it has already loaded.
  event.waitUntil(install().then(() => self.skipWaiting()));
});
self.addEventListener('activate', (event) => event.waitUntil(activate()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === 'POST' && pathname === '/share') event.respondWith(takeShared(request));
  else if (request.method !== 'GET') return;
  else if (request.mode === 'navigate' && matchPagePath(pathname)) event.respondWith(page(request));
  else if (pathname.startsWith('/assets/')) event.respondWith(asset(request));
});

self.addEventListener('push', (event) => {
  const message = event.data?.json() as PushMessage | undefined;
  if (message) event.waitUntil(show(message));
});
self.addEventListener('notificationclick', (event) =>
  event.waitUntil(press(event.notification, event.action)),
);

self.addEventListener('sync', (event) => {
  const { tag } = event as unknown as { tag: string };
  if (tag === 'outbox') (event as ExtendableEvent).waitUntil(sendOutbox());
});
