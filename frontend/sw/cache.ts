declare const self: ServiceWorkerGlobalScope;

/** Filled in by the server: another build is another worker, with a cache of its own. */
const build = '__BUILD__';
const cacheName = `page-${build}`;

/** All parts of the page, filled in by the server as well. */
const assets = '__ASSETS__'.split(' ').filter((path) => path.startsWith('/'));

/** What makes code colourful, and a terminal, which without a connection is of no use, can wait until they are wanted. */
const isOptional = (path: string) => /highlight|live-screen/.test(path);

/** Keeps the page without anything in it, and all that it is made of. */
export async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  const shell = await fetch('/shell', { cache: 'no-store' });
  if (!shell.ok) throw new Error(`the page answered ${shell.status}`);
  await cache.put('/shell', shell);
  await cache.addAll(assets.filter((path) => !isOptional(path)));
}

/** Drops what earlier builds kept, but for the last one: a page of it may still be open, and load more of its parts. */
export async function activate(): Promise<void> {
  const names = (await caches.keys()).filter((name) => name.startsWith('page-') && name !== cacheName);
  await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The page itself, at once and without a connection. Where the cache was emptied, the server is asked. */
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
