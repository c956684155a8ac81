declare const self: ServiceWorkerGlobalScope;

/** Filled in by the server: each build has its own worker and cache. */
const build = '__BUILD__';
const cacheName = `page-${build}`;

/** All parts of the page, filled in by the server as well. */
const assets = '__ASSETS__'.split(' ').filter((path) => path.startsWith('/'));

/** Syntax highlighting and the terminal, which needs a connection, are stored when they are first used. */
const isOptional = (path: string) => /highlight|live-screen/.test(path);

/** Keeps the page without anything in it, and all that it is made of. */
export async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  const shell = await fetch('/shell', { cache: 'no-store' });
  if (!shell.ok) throw new Error(`the page answered ${shell.status}`);
  await cache.put('/shell', shell);
  await cache.addAll(assets.filter((path) => !isOptional(path)));
}

/** Drops the caches of earlier builds, except the last one: a page of it may be open, and load more of its parts. */
export async function activate(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith('page-') && name !== cacheName);
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The page itself, at once and without a connection; from the server if the cache was emptied. */
export async function page(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  return (await cache.match('/shell')) ?? fetch(request);
}

/** A part of the page: its name says what is in it, so that it never changes. */
export async function asset(request: Request): Promise<Response> {
  const kept = await caches.match(request);
  if (kept) return kept;
  const cache = await caches.open(cacheName);
  const fetched = await fetch(request);
  if (fetched.ok) await cache.put(request, fetched.clone());
  return fetched;
}
