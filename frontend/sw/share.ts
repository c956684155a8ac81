import { database, type Shared } from '../store/database.ts';

declare const self: ServiceWorkerGlobalScope;

type Refusal = 'foreign' | 'offline';

/**
 * Where a share comes from. A form of any page can be sent here, and what another app shares looks the same to a worker
 * as a form that hides its page: both have the origin "null" (Chromium 156). A browser tells the server more of it.
 */
async function findSource(request: Request): Promise<NonNullable<Shared['from']> | Refusal> {
  const origin = request.headers.get('origin');
  if (origin === self.location.origin) return 'page';
  if (origin !== null && origin !== 'null') return 'foreign';
  const answer = await fetch(request.clone()).catch(() => null);
  if (!answer) return 'offline';
  return answer.status === 204 ? 'app' : 'foreign';
}

/** Stores what another app shares, and opens the page that asks where it goes. Nothing from a foreign page is stored. */
export async function takeShared(request: Request): Promise<Response> {
  const from = await findSource(request);
  if (from === 'foreign' || from === 'offline') return Response.redirect(`/share?refused=${from}`, 303);
  const form = await request.formData();
  const text = ['title', 'text', 'url']
    .map((name) => form.get(name))
    .filter((value): value is string => typeof value === 'string' && value !== '')
    .join('\n');
  const files = form
    .getAll('files')
    .filter((value): value is File => value instanceof File && value.size > 0);
  const db = await database();
  await db.put('shared', {
    id: Date.now(),
    text,
    from,
    files: files.map((file) => ({ name: file.name, type: file.type, blob: file })),
  });
  return Response.redirect('/share', 303);
}
