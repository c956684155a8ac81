import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '../../contract/session.ts';
import type { TestServer } from './server.ts';
import { until } from './until.ts';

export const idOf = (number: number) => `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`;
/** A line of a transcript, in which a person says something. */
export const line = (sessionId: string, content: string, more: object = {}) =>
  `${JSON.stringify({ type: 'user', uuid: idOf(Math.floor(Math.random() * 1e8)), parentUuid: null, sessionId, cwd: '/p/one.two', timestamp: '2026-01-02T03:04:05.000Z', message: { role: 'user', content }, ...more })}\n`;

/** The folder of a project under the CLI's home. */
export async function folderOf({ workspace }: TestServer, name = '-p-one-two'): Promise<string> {
  const folder = join(workspace.home, '.claude', 'projects', name);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** All sessions, when the index has come so far. */
export const listed = (server: TestServer, query = '') =>
  until('the index', async () => {
    const page = await server.get(`/api/hosts/local/sessions?limit=200${query}`);
    return page.indexing.done ? (page.sessions as Session[]) : undefined;
  });
