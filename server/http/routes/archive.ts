import type { SessionRecords } from '../../session-record/records.ts';
import type { Handle } from '../handle.ts';

export type ArchiveRouteDeps = { archive: SessionRecords };

/** The terminal sessions that were started here, and how they ended. */
export function addArchiveRoutes(handle: Handle, { archive }: ArchiveRouteDeps): void {
  handle('listArchive', ({ query }) => archive.list({ ...query, limit: query.limit ?? 100 }));
  handle('readArchive', ({ params }) => archive.read(params.id));
  handle('readArchiveLog', async ({ params, query, response }) => {
    const text = await archive.log(params.id, {
      bytes: (query.tail_kb ?? 64) * 1024,
      raw: query.raw ?? false,
    });
    response.set({ 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' }).send(text);
    return undefined;
  });
  handle('changeArchive', ({ params, body }) => archive.label(params.id, body.label));
  handle('hideArchive', ({ params }) => archive.hide(params.id, true));
  handle('unhideArchive', ({ params }) => archive.hide(params.id, false));
}
