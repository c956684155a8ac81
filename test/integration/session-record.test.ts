import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { ArchiveRecord } from '../../contract/archive.ts';
import { createOutputLogs } from '../../server/terminal/output-log.ts';
import { runCli } from '../helper/cli.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import type { TestServer } from '../helper/server.ts';
import { isIdle, row, said, sessions, startTerminal, startWithTmux } from '../helper/terminal.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const records = async (server: TestServer, query = ''): Promise<ArchiveRecord[]> =>
  (await server.get(`/api/archive${query}`)).records;

/** The newest record of a session, once it has ended; no list of sessions is requested meanwhile. */
const ended = (server: TestServer, id: string): Promise<ArchiveRecord> =>
  until('its end', async () => {
    const [record] = await records(server, `?session_id=${id}`);
    return record?.reason ? record : null;
  });

verifies(
  'archive.reason',
  'reports how each terminal ended: left, killed here, killed from outside, left after an Escape',
  async () => {
    const server = await startWithTmux();
    const left = await startTerminal(server, { name: 'left' });
    expect(await records(server)).toMatchObject([
      { session_id: left.id, name: 'left', ended_at: null, reason: null, project: server.workspace.project },
    ]);
    const pane = (id: string) => `=sb-${id}:`;
    const tmux = (...args: string[]) => server.tmux('-L', 'switchboard', ...args);
    await server.post(`${sessions}/${left.id}/send`, { message: 'hello' });
    await isIdle(server, left.id);
    await server.post(`${sessions}/${left.id}/send`, { message: '/exit' });
    expect(await ended(server, left.id)).toMatchObject({ reason: 'clean_exit', last_words: 'Echo: hello' });
    // Whoever sits before it is let go.
    expect(tmux('has-session', '-t', pane(left.id)).status).not.toBe(0);

    // Resumed from another source: a separate record.
    await server.post(`${sessions}/${left.id}/resume`, {});
    expect(await server.remove(`${sessions}/${left.id}`)).toMatchObject({ status: 200 });
    expect(await ended(server, left.id)).toMatchObject({ reason: 'killed' });
    expect(await records(server, `?session_id=${left.id}`)).toHaveLength(2);
    const cli = (...args: string[]) => runCli(server.workspace, args);
    expect((await cli('ended')).out).toMatch(
      new RegExp(`${left.id.slice(0, 8)} +terminal +killed[^]*${left.id.slice(0, 8)} +terminal +clean_exit`),
    );
    const [newest = ''] = (await cli('ended', '-q')).out.split('\n');
    expect((await cli('ended', newest)).out).toContain('It was ended from here.');
    expect((await cli('ended', newest, '--log')).out).toContain('Claude Code');

    const dead = await startTerminal(server);
    // Another pane in its window does not replace the terminal.
    tmux('split-window', '-d', '-t', pane(dead.id), 'sleep', '60');
    process.kill(Number((await row(server, dead.id)).pid), 'SIGKILL');
    expect(await ended(server, dead.id)).toMatchObject({ reason: 'abrupt' });

    const torn = await startTerminal(server);
    // It is ready a moment before it has drawn anything.
    await until('its screen', async () =>
      (await server.get(`${sessions}/${torn.id}/terminal`)).text.includes('Claude Code'),
    );
    // tmux takes the beginning of a name for the name.
    tmux('new-session', '-d', '-s', `sb-${torn.id}-of-somebody`, 'sleep', '60');
    tmux('kill-session', '-t', pane(torn.id));
    const record = await ended(server, torn.id);
    expect(record).toMatchObject({ reason: 'abrupt', exit_code: null });
    expect((await row(server, left.id)) as object).toMatchObject({
      record: { reason: 'killed', session_id: left.id },
    });
    expect(record.advice).toContain('without a goodbye');
    expect((await server.remove(`${sessions}/${torn.id}`)).status).toBe(404);
    expect(tmux('has-session', '-t', pane(`${torn.id}-of-somebody`)).status).toBe(0);
    // On a busy machine the program that writes it lags behind.
    const log = await until('its log', async () => {
      const text = await (await server.send(`/api/archive/${record.id}/log`)).text();
      return text.includes('Claude Code') && text;
    });
    expect(log).not.toContain('\x1b');
    expect(await (await server.send(`/api/archive/${record.id}/log?raw=true&tail_kb=1000`)).text()).toContain(
      '\x1b[',
    );
    expect(record.log_bytes).toBeGreaterThan(500);

    // Reading outside of the project opens a prompt anyway.
    await writeFile(join(server.workspace.project, 'endless'), '');
    const stopped = await startTerminal(server, { args: ['--allowedTools', 'Bash(tail:*)'] });
    await server.post(`${sessions}/${stopped.id}/send`, { message: '[[tool:Bash tail -f endless]]' });
    // A turn that is stopped before its first answer is withdrawn, as if nothing had been sent.
    await until('its command', async () => (await said(server, stopped.id)).includes('"name":"Bash"'));
    await until(
      'the stop',
      async () =>
        (await (await server.post(`${sessions}/${stopped.id}/interrupt`, {})).json()).state === 'idle',
    );
    expect((await server.post(`${sessions}/${stopped.id}/send`, { message: '/exit' })).status).toBe(200);
    expect(await ended(server, stopped.id)).toMatchObject({ reason: 'interrupted', interrupted: true });
  },
);

verifies(
  'archive.reason',
  'reports within seconds why a terminal failed to start, with its last output',
  async () => {
    const server = await startWithTmux();
    const script = await writeFakeClaude(server.workspace, '');
    await writeFile(script, '#!/bin/sh\necho "no room for this one" >&2\nexit 3\n');
    const broken = await startWithTmux({ CLAUDE_BIN: script });
    const response = await broken.post(sessions, { project: broken.workspace.project });
    const { code, detail } = await response.json();
    expect([response.status, code]).toEqual([502, 'terminal_failed']);
    expect(detail).toContain('no room for this one');
    expect(await records(broken)).toMatchObject([{ reason: 'not_started' }]);
  },
);

verifies('archive.reason', 'reports how a terminal ended while no server was running', async () => {
  const first = await startWithTmux();
  const { id, pid } = await startTerminal(first);
  const live = await startTerminal(first);
  await first.server.dispose({ graceS: 0 });
  process.kill(Number(pid), 'SIGKILL');
  const server = await first.restart();
  const record = await ended(server, id);
  expect(record).toMatchObject({ reason: 'abrupt' });
  expect((await records(server, '?ended=false')).map(({ session_id }) => session_id)).toEqual([live.id]);
  await server.remove(`${sessions}/${live.id}`);
  expect(await ended(server, live.id)).toMatchObject({ reason: 'killed' });
});

verifies(
  'archive.record',
  'labels, hides and renames without ending anything, and makes no record of what was never there',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server);
    const [record] = await records(server);
    const path = `/api/archive/${record?.id}`;
    expect(await (await server.patch(path, { label: 'the api' })).json()).toMatchObject({
      label: 'the api',
      ended_at: null,
    });
    expect(await (await server.post(`${path}/hide`, {})).json()).toMatchObject({ hidden: true });
    expect(await records(server)).toEqual([]);
    expect(await records(server, '?hidden=true&q=THE+API')).toMatchObject([
      { session_id: id, ended_at: null },
    ]);
    server.tmux('-L', 'switchboard', 'rename-session', '-t', `=sb-${id}`, 'my-own-name');
    const titled = await server.patch(`${sessions}/${id}`, { title: 'a better name' });
    expect([titled.status, await titled.json()]).toMatchObject([
      200,
      { id, title: 'a better name', state: expect.stringMatching(/^(idle|running)$/) },
    ]);
    expect(await (await server.remove(`${path}/hide`)).json()).toMatchObject({
      hidden: false,
      ended_at: null,
      label: 'the api',
    });
    expect((await server.post('/api/archive/aaaaaaaaaaaa/hide', {})).status).toBe(404);
    expect((await server.remove('/api/archive/aaaaaaaaaaaa/hide')).status).toBe(404);
    expect((await server.patch('/api/archive/aaaaaaaaaaaa', { label: 'x' })).status).toBe(404);
    expect(await records(server, '?hidden=true')).toHaveLength(1);
    await server.remove(`${sessions}/${id}`);
    expect(await ended(server, id)).toMatchObject({ reason: 'killed', label: 'the api' });
  },
);

verifies('archive.record', "keeps the end of a terminal's output, up to the limit", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sb-log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const logs = createOutputLogs({ folder: join(folder, "it's #1, 100%") });
  await mkdir(join(folder, "it's #1, 100%"));
  // As tmux gives it to a shell.
  const command = logs.command('one').replaceAll('##', '#').replaceAll('%%', '%');
  const shell = spawn('sh', ['-c', command], { stdio: ['pipe', 'ignore', 'inherit'] });
  const line = 'a line of what a terminal shows, again and again\n';
  for (let sent = 0; sent < 9_000_000; sent += line.length * 1000) {
    if (!shell.stdin.write(line.repeat(1000))) await once(shell.stdin, 'drain');
    await logs.bound('one');
  }
  shell.stdin.end('the very end');
  await once(shell, 'exit');
  expect((await logs.about('one'))?.bytes).toBeLessThanOrEqual(4_000_000);
  expect(String(await logs.tail('one', 12))).toBe('the very end');
  expect(String(await logs.tail('one', 3_000_000)).length).toBeGreaterThan(2_000_000);
});
