import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Session } from '../../contract/session.ts';
import { queryDatabase } from '../helper/query-database.ts';
import { startTestServer } from '../helper/server.ts';
import { writeSessionLibrary } from '../helper/session-library.ts';
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
    expect(problemOf(3)).toMatch(/no transcript/);
    expect(problemOf(4)).toMatch(/1 line cannot be read/);
    expect(problemOf(5)).toMatch(/last line is cut/);
    expect(problemOf(6)).toMatch(/Nothing was said/);
    expect(rows.get(idOf(12))).toMatchObject({ turns: 3, last_message: 'behind it', problem: null });
    expect([8, 9, 10, 11].map((number) => rows.has(idOf(number)))).toEqual([false, false, false, false]);
  },
);

verifies(
  'session.index',
  'follows what is written, renamed and removed, and is built again where it was deleted',
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
    // Written anew: nothing of the old one is found any more.
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
    // One of an earlier version is made anew, and is not read meanwhile.
    await anew.server.dispose({ graceS: 0 });
    queryDatabase(join(server.workspace.data, 'library.db'), 'PRAGMA user_version = 1');
    queryDatabase(join(server.workspace.data, 'library.db'), 'DROP TABLE file');
    const updated = await anew.restart();
    expect((await updated.send(`/api/hosts/local/sessions/${idOf(2)}`)).status).toBe(200);
    expect(await listed(updated)).toHaveLength(1);
  },
);

verifies('session.find', 'finds by the beginning of an id, and names those that begin alike', async () => {
  const server = await startTestServer();
  const folder = await folderOf(server);
  for (const id of ['abcd1234-0000-4000-8000-000000000001', 'abcd1235-0000-4000-8000-000000000001']) {
    await writeFile(join(folder, `${id}.jsonl`), line(id, `hello of ${id}`));
  }
  await listed(server);
  expect(await server.get('/api/hosts/local/sessions/ABCD1234')).toMatchObject({
    id: 'abcd1234-0000-4000-8000-000000000001',
  });
  const ambiguous = await server.send('/api/hosts/local/sessions/abcd123');
  expect(ambiguous.status).toBe(409);
  const { detail, candidates } = await ambiguous.json();
  expect(detail).toMatch(
    /abcd1234-0000-4000-8000-000000000001 \(\/p\/one\.two\), abcd1235|abcd1235-.*abcd1234-/,
  );
  expect(candidates.map(({ id, project }: Session) => [id, project]).toSorted()).toEqual([
    ['abcd1234-0000-4000-8000-000000000001', '/p/one.two'],
    ['abcd1235-0000-4000-8000-000000000001', '/p/one.two'],
  ]);
  for (const [path, status] of [
    ['/api/hosts/local/sessions/ffff', 404],
    ['/api/hosts/local/sessions/ab', 404],
    ['/api/hosts/local/sessions/..%2f..', 400],
    ['/api/hosts/elsewhere/sessions', 404],
    ['/api/hosts/local/sessions?cursor=x', 400],
    ['/api/hosts/local/sessions?state=archived', 400],
    ['/api/search?q=%22', 400],
  ] as const)
    expect((await server.send(path)).status, path).toBe(status);
  const { messages } = await server.get('/api/hosts/local/sessions/abcd1235/messages');
  expect(messages).toMatchObject([{ role: 'user', text: 'hello of abcd1235-0000-4000-8000-000000000001' }]);
});

verifies('session.list', 'pages, filters, and tells forks from what they were made from', async () => {
  const server = await startTestServer();
  const home = join(server.workspace.home, '.claude');
  const { ids } = await writeSessionLibrary({
    home,
    projects: ['/p/alpha', '/p/beta.gamma', '/p/100%_sure'],
    sessions: 60,
    turnsEach: 1,
  });
  const all = await listed(server);
  expect(all.map(({ id }) => id)).toEqual(ids.toReversed());
  expect(all[0]).toMatchObject({
    turns: 1,
    model: 'claude-sonnet-5-5',
    git_branch: 'main',
    cost: 0.25,
    kind: 'interactive',
    problem: null,
  });
  const paged: string[] = [];
  for (let cursor = ''; cursor !== 'end'; ) {
    const page = await server.get(`/api/hosts/local/sessions?limit=7${cursor && `&cursor=${cursor}`}`);
    paged.push(...page.sessions.map(({ id }: Session) => id));
    cursor = page.next ?? 'end';
  }
  expect(paged).toEqual(ids.toReversed());
  expect(await listed(server, '&project=BETA.')).toHaveLength(20);
  expect(await listed(server, '&project=%25_')).toHaveLength(20);
  const begun = String(all[9]?.first_message).slice(0, 60).toUpperCase();
  expect((await listed(server, `&q=${encodeURIComponent(begun)}`)).map(({ id }) => id)).toContain(all[9]?.id);
  expect(await listed(server, '&q=nowhere%20said')).toEqual([]);
  expect(await listed(server, '&state=running,waiting')).toEqual([]);
  expect(await listed(server, '&kind=headless')).toEqual([]);
  // A fork has the entries of what it was made from, under another id.
  const source = await readFile(join(home, 'projects', '-p-alpha', `${ids[0]}.jsonl`), 'utf8');
  await writeFile(
    join(home, 'projects', '-p-alpha', `${idOf(7)}.jsonl`),
    source.replaceAll(String(ids[0]), idOf(7)),
  );
  // Its file can be listed before it is written to its end.
  await until('the fork', async () => {
    const { sessions } = await server.get('/api/hosts/local/sessions?limit=200');
    return sessions.find(({ id }: Session) => id === idOf(7))?.forked_from === ids[0];
  });
  expect((await listed(server, '&forks=false')).some(({ id }) => id === idOf(7))).toBe(false);
});

verifies('session.index', 'reads no transcript for a list, nor for a session that is known', async () => {
  const server = await startTestServer();
  const folder = await folderOf(server);
  const path = join(folder, `${idOf(1)}.jsonl`);
  const text = line(idOf(1), 'as it was indexed');
  await writeFile(path, text);
  const time = new Date('2026-01-01');
  await utimes(path, time, time);
  expect(await listed(server)).toMatchObject([{ first_message: 'as it was indexed' }]);
  // Who reads the file finds other words in it; its size and time say that it is the same.
  await writeFile(path, text.replace('as it was indexed', 'as nobody read it'));
  await utimes(path, time, time);
  expect(await listed(server)).toMatchObject([{ first_message: 'as it was indexed' }]);
  expect(await server.get(`/api/hosts/local/sessions/${idOf(1)}`)).toMatchObject({
    first_message: 'as it was indexed',
  });
  const again = await server.restart();
  expect(await listed(again)).toMatchObject([{ first_message: 'as it was indexed' }]);
});

verifies('session.states', 'believes a process only while it is the one on file', async () => {
  const server = await startTestServer();
  const folder = await folderOf(server);
  for (const number of [1, 2, 3, 4])
    await writeFile(join(folder, `${idOf(number)}.jsonl`), line(idOf(number), 'hello'));
  const child = spawn('sleep', ['60']);
  onTestFinished(async () => {
    child.kill();
    await once(child, 'exit');
  });
  const pid = child.pid as number;
  const startOf = async (of: number) => ({
    pid: of,
    procStart: (await readFile(`/proc/${of}/stat`, 'utf8')).split(') ').at(-1)?.split(' ')[19],
  });
  const { procStart } = await startOf(pid);
  const sessions = join(server.workspace.home, '.claude', 'sessions');
  await mkdir(sessions, { recursive: true });
  const note = (name: string, content: unknown) =>
    writeFile(join(sessions, name), typeof content === 'string' ? content : JSON.stringify(content));
  const own = {
    pid,
    procStart,
    cwd: '/p/one.two',
    kind: 'interactive',
    entrypoint: 'cli',
    startedAt: Date.now(),
  };
  await note(`${pid}.json`, {
    ...own,
    sessionId: idOf(1),
    status: 'waiting',
    waitingFor: 'permission prompt',
    bridgeSessionId: 'session_01ABC',
  });
  await note('99999999.json', { ...own, pid: 99999999, sessionId: idOf(2), status: 'idle' });
  await note('2.json', { ...own, procStart: '1', sessionId: idOf(3), status: 'busy' });
  await note('3.json', 'half a file {');
  await note('4.json', { ...own, pid: 'x', sessionId: idOf(4) });
  const rows = await listed(server);
  expect(rows[0]).toMatchObject({
    id: idOf(1),
    state: 'waiting',
    waiting_for: 'permission prompt',
    pid,
    kind: 'interactive',
    bridge_url: 'https://claude.ai/code/session_01ABC',
  });
  expect(rows.slice(1).map(({ state, pid: none }) => [state, none])).toEqual([
    ['ended', null],
    ['ended', null],
    ['ended', null],
  ]);
  expect(await listed(server, '&state=waiting')).toHaveLength(1);
  expect(await listed(server, '&state=ended')).toHaveLength(3);
  // A process that has said nothing yet has no transcript, and is there all the same.
  await note(`${pid}.json`, { ...own, sessionId: idOf(9), status: 'idle', name: 'fresh' });
  expect((await listed(server))[0]).toMatchObject({
    id: idOf(9),
    state: 'idle',
    title: 'fresh',
    turns: 0,
    project: '/p/one.two',
  });
  // Page by page, live ones first.
  await note(`${process.pid}.json`, {
    ...own,
    ...(await startOf(process.pid)),
    sessionId: idOf(8),
    status: 'busy',
  });
  const seen: string[][] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { sessions: { id: string }[]; next: string | null } = await server.get(
      `/api/hosts/local/sessions?limit=1${cursor && `&cursor=${cursor}`}`,
    );
    seen.push(page.sessions.map(({ id }) => id));
    cursor = page.next;
  }
  expect(seen.every((ids) => ids.length <= 1)).toBe(true);
  expect(seen.flat()).toHaveLength(6);
  expect(seen.flat().slice(0, 2).toSorted()).toEqual([idOf(8), idOf(9)]);
  expect(new Set(seen.flat()).size).toBe(6);
});

verifies(
  'session.index',
  'finds what was written by a clock that goes wrong, and while it is read',
  async () => {
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
    // Written anew by a clock that was set back; and with the same size at the same time it would be the same file.
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
  },
);

verifies(
  'session.list',
  'says that the folder of a session is gone where one would go on in it, and keeps it readable',
  async () => {
    const server = await startTestServer();
    const folder = await folderOf(server);
    const gone = join(server.workspace.root, 'gone');
    await writeFile(
      join(folder, `${idOf(1)}.jsonl`),
      line(idOf(1), 'in a folder that is gone', { cwd: gone }),
    );
    expect(await listed(server)).toMatchObject([{ project: gone, state: 'ended', problem: null }]);
    expect((await server.get(`/api/hosts/local/sessions/${idOf(1)}/messages`)).messages).toHaveLength(1);
    expect((await server.get(`/api/hosts/local/sessions/${idOf(1)}/diagnose`)).reason).toBe('unanswered');
    for (const [path, body] of [
      [`/api/hosts/local/sessions/${idOf(1)}/resume`, {}],
      ['/api/conversations', { session_id: idOf(1) }],
    ] as const) {
      const response = await server.post(path, body);
      expect([path, response.status, (await response.json()).code]).toEqual([path, 422, 'project_not_found']);
    }
  },
);

verifies(
  'session.list',
  'takes the newest title, counts what a person said, and no flag that means its opposite',
  async () => {
    const server = await startTestServer();
    const folder = await folderOf(server);
    const result = {
      message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'x', content: 'output' }] },
    };
    const title = (customTitle: string) =>
      `${JSON.stringify({ type: 'custom-title', customTitle, sessionId: idOf(1) })}\n`;
    const text = `${title('first title')}${line(idOf(1), 'one')}${line(idOf(1), '', result)}${line(idOf(1), 'two')}${title('last title')}`;
    await writeFile(join(folder, `${idOf(1)}.jsonl`), text);
    expect(await listed(server)).toMatchObject([{ title: 'last title', turns: 2, first_message: 'one' }]);
    expect(await listed(server, '&forks=true')).toHaveLength(1);
    expect(await listed(server, '&forks=false')).toHaveLength(1);
    expect((await server.send('/api/hosts/local/sessions?forks=maybe')).status).toBe(400);
    expect((await server.send('/api/hosts/local/sessions?state=dead')).status).toBe(400);
    for (const [method, path] of [
      ['GET', '/--help'],
      ['DELETE', '/--all'],
      ['POST', '/--all/interrupt'],
    ] as const) {
      expect((await server.send(`/api/hosts/local/sessions${path}`, { method })).status).toBe(400);
    }
  },
);
