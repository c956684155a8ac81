declare const self: ServiceWorkerGlobalScope;

/** Filled in by the server: another build is another worker, with a cache of its own. */
const build = '__BUILD__';
const cacheName = `page-${build}`;

const assets = /"(\/assets\/[^"]+)"/g;

/** Keeps the page without anything in it, and what it is made of. What is loaded later is kept when it is. */
export async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  const shell = await fetch('/shell', { cache: 'no-store' });
  if (!shell.ok) throw new Error(`the page answered ${shell.status}`);
  const html = await shell.clone().text();
  await cache.put('/shell', shell);
  await cache.addAll([...new Set([...html.matchAll(assets)].map(([, path]) => path ?? ''))]);
}

/** Drops what earlier builds kept. */
export async function activate(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('page-') && name !== cacheName).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The page itself, at once and without a connection. Where the cache was emptied, the server is asked. */
export async function page(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  return (await cache.match('/shell')) ?? fetch(request);
}

/** A part of the page: its name says what is in it, so that it never changes. */
export async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(request);
  if (kept) return kept;
  const fetched = await fetch(request);
  if (fetched.ok) await cache.put(request, fetched.clone());
  return fetched;
}
