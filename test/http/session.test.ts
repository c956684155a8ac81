import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Session } from '../../contract/session.ts';
import { startTestServer } from '../helper/server.ts';
import { writeSessionLibrary } from '../helper/session-library.ts';
import { folderOf, idOf, line, listed } from '../helper/transcript.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('session.find', 'finds by an id prefix, and lists the candidates of an ambiguous one', async () => {
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

verifies('session.list', 'pages, filters, and distinguishes forks from their originals', async () => {
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

verifies('session.states', 'trusts a process only while it is the recorded one', async () => {
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
  // A process without a message has no transcript, and is listed anyway.
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
  'session.list',
  'reports a missing folder when a session is continued, and keeps the session readable',
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
