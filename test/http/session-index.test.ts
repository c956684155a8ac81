import { appendFile, mkdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Session } from '../../contract/session.ts';
import { queryDatabase } from '../helper/query-database.ts';
import { startTestServer } from '../helper/server.ts';
import { folderOf, idOf, line, listed } from '../helper/transcript.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'session.junk',
  'lists what can be read, and says on its row what is wrong with what cannot',
  async () => {
    const server = await startTestServer();
    const folder = await folderOf(server);
    const put = (number: number, text: string | Buffer) =>
      writeFile(join(folder, `${idOf(number)}.jsonl`), text);
    await put(1, line(idOf(1), 'whole'));
    await put(2, '');
    await put(3, 'no json\nat all\n');
    await put(4, `${line(idOf(4), 'with a bad line')}{"type":"user","uuid":\n`);
    await put(5, `${line(idOf(5), 'with a cut line')}{"type":"user","message":{"content":"half of i`);
    await put(6, '{"type":"mode","mode":"normal"}\n');
    await put(7, Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0x7b]));
    await writeFile(join(folder, 'notes.jsonl'), line(idOf(8), 'no session'));
    await writeFile(join(folder, `agent-${idOf(9)}.jsonl`), line(idOf(9), 'a sub-agent'));
    await mkdir(join(folder, `${idOf(10)}.jsonl`));
    await symlink('/nowhere', join(folder, `${idOf(11)}.jsonl`));
    await put(
      12,
      `${line(idOf(12), 'x')}${line(idOf(12), 'long '.repeat(2_000_000))}${line(idOf(12), 'behind it')}`,
    );
    for (let number = 100; number < 300; number += 1)
      await put(number, Buffer.from(Array.from({ length: number * 7 }, (_, at) => (at * number) % 256)));
    const rows = new Map<string, Session>();
    const all = await until('all of them', async () => {
      const found = [];
      let cursor = '';
      do {
        const page = await server.get(`/api/hosts/local/sessions?limit=90${cursor && `&cursor=${cursor}`}`);
        found.push(...page.sessions);
        cursor = page.next;
        if (!page.indexing.done) return false;
      } while (cursor);
      return found as Session[];
    });
    for (const row of all) rows.set(row.id, row);
    expect(all).toHaveLength(208);
    expect(rows.size).toBe(208);
    expect(rows.get(idOf(1))).toMatchObject({
      first_message: 'whole',
      problem: null,
      state: 'ended',
      turns: 1,
      project: '/p/one.two',
    });
    const problemOf = (number: number) => rows.get(idOf(number))?.problem;
    expect(problemOf(2)).toMatch(/empty/);
    expect(problemOf(3)).toMatch(/not a transcript/);
    expect(problemOf(4)).toMatch(/1 line cannot be read/);
    expect(problemOf(5)).toMatch(/last line is cut/);
    expect(problemOf(6)).toMatch(/Nothing was said/);
    expect(rows.get(idOf(12))).toMatchObject({ turns: 3, last_message: 'behind it', problem: null });
    expect([8, 9, 10, 11].map((number) => rows.has(idOf(number)))).toEqual([false, false, false, false]);
  },
);

verifies(
  'session.index',
  'follows written, renamed and removed files, and is rebuilt after it was deleted',
  async () => {
    const server = await startTestServer();
    const folder = await folderOf(server);
    const path = join(folder, `${idOf(1)}.jsonl`);
    await writeFile(path, line(idOf(1), 'the first of all'));
    expect(await listed(server)).toMatchObject([
      { id: idOf(1), turns: 1, first_message: 'the first of all' },
    ]);
    const row = async () => (await server.get(`/api/hosts/local/sessions/${idOf(1)}`)) as Session;
    await appendFile(
      path,
      line(idOf(1), 'the second') +
        JSON.stringify({ type: 'custom-title', customTitle: 'A name' }).concat('\n'),
    );
    await until('the growth', async () => (await row()).turns === 2);
    expect(await row()).toMatchObject({
      title: 'A name',
      last_message: 'the second',
      first_message: 'the first of all',
    });
    // A later name takes the place of an earlier one.
    await appendFile(path, `${JSON.stringify({ type: 'custom-title', customTitle: 'Another' })}\n`);
    await until('the name', async () => (await row()).title === 'Another');
    // Half a line is none; when it is whole it counts.
    const next = line(idOf(1), 'a slowpoke wrote this');
    await appendFile(path, next.slice(0, 100));
    await appendFile(path, next.slice(100));
    await until('the line', async () => (await row()).turns === 3);
    await until('the words', async () => (await server.get('/api/search?q=slowpoke')).hits.length === 1);
    // The file was written again: nothing of the old one is found.
    await writeFile(path, line(idOf(1), 'rewritten'));
    await until('the new file', async () => (await row()).turns === 1);
    await until(
      'nothing of the old',
      async () => (await server.get('/api/search?q=slowpoke')).hits.length === 0,
    );
    const other = await folderOf(server, '-p-made-later');
    await writeFile(
      join(other, `${idOf(2)}.jsonl`),
      line(idOf(2), 'in a new folder', { cwd: '/p/made later' }),
    );
    await until('the new folder', async () => (await listed(server)).length === 2);
    await rm(path);
    await until('the removal', async () => (await listed(server)).length === 1);
    await rm(join(server.workspace.data, 'library.db'));
    const again = await server.restart();
    expect(await listed(again)).toMatchObject([{ id: idOf(2), project: '/p/made later' }]);
    await writeFile(join(server.workspace.data, 'library.db'), 'this is no database');
    const anew = await again.restart();
    // Asked while it is being made: what is not read yet is missing, and nothing fails.
    expect((await anew.send('/api/hosts/local/sessions')).status).toBe(200);
    expect(await listed(anew)).toHaveLength(1);
    // An index of an earlier version is rebuilt, and is not read meanwhile.
    await anew.server.dispose({ graceS: 0 });
    queryDatabase(join(server.workspace.data, 'library.db'), 'PRAGMA user_version = 1');
    queryDatabase(join(server.workspace.data, 'library.db'), 'DROP TABLE file');
    const updated = await anew.restart();
    expect((await updated.send(`/api/hosts/local/sessions/${idOf(2)}`)).status).toBe(200);
    expect(await listed(updated)).toHaveLength(1);
  },
);

verifies('session.index', 'reads no transcript for a list, nor for a session that is known', async () => {
  const server = await startTestServer();
  const folder = await folderOf(server);
  const path = join(folder, `${idOf(1)}.jsonl`);
  const text = line(idOf(1), 'as it was indexed');
  await writeFile(path, text);
  const time = new Date('2026-01-01');
  await utimes(path, time, time);
  expect(await listed(server)).toMatchObject([{ first_message: 'as it was indexed' }]);
  // The content of the file is different, although its size and time are the same.
  await writeFile(path, text.replace('as it was indexed', 'as nobody read it'));
  await utimes(path, time, time);
  expect(await listed(server)).toMatchObject([{ first_message: 'as it was indexed' }]);
  expect(await server.get(`/api/hosts/local/sessions/${idOf(1)}`)).toMatchObject({
    first_message: 'as it was indexed',
  });
  const again = await server.restart();
  expect(await listed(again)).toMatchObject([{ first_message: 'as it was indexed' }]);
});

verifies('session.index', 'finds text written with a wrong clock, and while it is being read', async () => {
  const server = await startTestServer();
  const folder = await folderOf(server);
  const path = (number: number) => join(folder, `${idOf(number)}.jsonl`);
  await writeFile(path(1), line(idOf(1), 'from tomorrow'));
  await utimes(path(1), new Date('2036-01-01'), new Date('2036-01-01'));
  await writeFile(path(2), line(idOf(2), 'from today', { timestamp: 'no time at all' }));
  await writeFile(path(3), line(idOf(3), 'from long ago'));
  await utimes(path(3), new Date(0), new Date(0));
  expect((await listed(server)).map(({ first_message }) => first_message)).toEqual([
    'from tomorrow',
    'from today',
    'from long ago',
  ]);
  const found = async (word: string) => (await server.get(`/api/search?q=${word}`)).hits.length;
  // Written again by a clock that was set back; with the same size and time it would count as the same
  // file.
  await writeFile(path(1), line(idOf(1), 'from yesterday and cranberries'));
  await utimes(path(1), new Date('2001-01-01'), new Date('2001-01-01'));
  await until('the new words', async () => (await found('cranberries')) === 1);
  expect(await found('tomorrow')).toBe(0);
  // One that grows by many small writes: each word is found once, none is lost.
  for (let round = 0; round < 60; round += 1) {
    const text = line(idOf(2), `growing gooseberry${round}`);
    await appendFile(path(2), text.slice(0, 30));
    if (round % 7 === 0) await server.get('/api/search?q=growing');
    await appendFile(path(2), text.slice(30));
  }
  await until(
    'all of it',
    async () => (await server.get('/api/search?q=growing&limit=100')).hits.length === 60,
  );
  expect(await found('gooseberry59')).toBe(1);
  expect((await listed(server)).find(({ id }) => id === idOf(2))?.turns).toBe(61);
});
