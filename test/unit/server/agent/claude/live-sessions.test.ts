import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readLiveSessions } from '../../../../../server/agent/claude/live-sessions.ts';
import { createWorkspace } from '../../../../helper/workspace.ts';
import { verifies } from '../../../../requirement/verifies.ts';

verifies(
  'session.states',
  'reads a note again that is being written, but not one that stays truncated',
  async () => {
    const { home } = await createWorkspace();
    const folder = join(home, 'sessions');
    await mkdir(folder, { recursive: true });
    const procStart = (await readFile(`/proc/${process.pid}/stat`, 'utf8'))
      .split(') ')
      .at(-1)
      ?.split(' ')[19];
    const note = JSON.stringify({
      pid: process.pid,
      procStart,
      sessionId: '00000001-0000-4000-8000-000000000000',
      status: 'busy',
      cwd: '/p',
    });
    const path = join(folder, `${process.pid}.json`);
    await writeFile(path, note.slice(0, 40));
    const [found] = await Promise.all([
      readLiveSessions(home),
      writeFile(path, note.slice(0, 60)).then(() => writeFile(path, note)),
    ]);
    expect(found).toMatchObject([{ pid: process.pid, status: 'busy' }]);

    await writeFile(path, note.slice(0, 40));
    const past = new Date(Date.now() - 60_000);
    await utimes(path, past, past);
    expect(await readLiveSessions(home)).toEqual([]);
  },
);
