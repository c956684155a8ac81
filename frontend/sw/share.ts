import { database } from '../store/database.ts';

/** Takes up what another app shares, and leads to the page that asks where it goes. */
export async function takeShared(request: Request): Promise<Response> {
  const form = await request.formData();
  const text = ['title', 'text', 'url']
    .map((name) => form.get(name))
    .filter((value): value is string => typeof value === 'string' && value !== '')
    .join('\n');
  const files = form.getAll('files').filter((value): value is File => value instanceof File && value.size > 0);
  const db = await database();
  await db.put('shared', { id: Date.now(), text, files: files.map((file) => ({ name: file.name, type: file.type, blob: file })) });
  return Response.redirect('/share', 303);
}
