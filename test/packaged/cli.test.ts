import { spawnSync } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCli, startCli } from '../helper/cli.ts';
import { startBuilt } from '../helper/packaged.ts';
import { runBare } from '../helper/plain-claude.ts';
import { packageRoot } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { createTmuxFolder, tmuxOf } from '../helper/terminal.ts';
import { until } from '../helper/until.ts';
import { createWorkspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('cli.talk', 'streams an answer, pipes, waits, and reads what was said', async () => {
  const { server, workspace, api } = await startBuilt();
  const run = (args: string[], input?: string) =>
    runCli(workspace, args, input === undefined ? {} : { input });
  expect(await run(['chat', 'tests', '[[text pre **word**]][[tool:Bash pwd]][[text the end]]'])).toEqual({
    code: 0,
    out: 'pre **word**\n\nthe end\n',
    words: '',
  });
  expect((await run(['chat', 'tests', '-'], '--model is no option here\n"quotes" $(x) `y`\n')).out).toContain(
    '--model is no option here\n"quotes" $(x) `y`',
  );
  const file = join(workspace.root, 'brief.md');
  await writeFile(file, `a briefing of ${'many words '.repeat(20_000)}`);
  expect((await run(['ask', 'tests', '--file', file])).out).toMatch(/^Echo: a briefing/);
  const json = await run(['--json', 'chat', 'tests', 'as data']);
  expect(JSON.parse(json.out)).toMatchObject({ response: 'Echo: as data', conv_id: 'tests', success: true });
  const sent = await run(['send', 'later', '[[slow 10 100ms]]']);
  expect(sent.out.trim()).toMatch(/^[\w-]{21}$/);
  expect(await run(['wait', 'later', '-t', '0.3'])).toMatchObject({
    code: 124,
    words: expect.stringContaining('Timed out'),
  });
  expect(await run(['wait', 'later', '-t', '30'])).toMatchObject({ code: 0, out: 'completed\n' });
  expect((await run(['last-message', 'later'])).out).toContain('word10');
  expect((await run(['logs', 'later'])).out).toMatch(/^\[YOU\]\n.*\n\n\[CLAUDE\]\n.*word10/s);
  expect((await run(['export', 'later'])).out).toContain('word10');
  expect((await run(['list', '-q'])).out.trim().split('\n').sort()).toEqual(['later', 'tests']);
  // It has failed before anybody waits for it.
  const failed = await server.accept('failing', { message: '[[error 400]]' });
  await server.end(failed.turn_id);
  expect(await run(['wait', 'failing'])).toMatchObject({
    code: 1,
    out: '',
    words: expect.stringContaining('error: '),
  });
  expect(await run(['last-message', 'nobody'])).toMatchObject({
    code: 1,
    out: '',
    words: expect.stringContaining('nobody'),
  });
  expect((await run(['new', 'made', '--title', 'A title'])).out).toBe('made\n');
  expect((await run(['show', 'made'])).out).toContain('A title');
  expect((await run(['archive', 'made'])).code).toBe(0);
  expect(await server.get('/api/conversations/made')).toMatchObject({ archived: true });
  // Interrupted, the command ends and the turn continues.
  const { child, ran, ended } = startCli(workspace, ['chat', 'tests', '[[slow 30 100ms]]']);
  await until('the first words', () => ran.out.includes('word2'));
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);
  expect((await run(['stop', 'tests'])).out).toBe('cancelled\n');
  expect((await run(['stop', 'tests'])).words).toContain('Nothing runs');
  expect(api.received.length).toBeGreaterThan(0);
});

verifies('cli.talk', 'lists prompts, and allows, denies and answers them', async () => {
  const { server, workspace } = await startBuilt();
  const run = (...args: string[]) => runCli(workspace, args);
  for (const id of ['one', 'two', 'three'])
    await server.post('/api/conversations', { id, permission_mode: 'default' });
  await server.accept('one', { message: '[[tool:Bash sudo touch x]][[text was allowed]]' });
  await server.accept('two', { message: '[[tool:Bash touch y]][[text was denied]]' });
  await server.accept('three', { message: '[[asks Which?|Red|Green]][[text was answered]]' });
  await server.prompts(3);
  expect((await run('prompts')).out).toMatch(
    /one +permission +Bash +sudo touch x\n[^!]*! It runs as another user/,
  );
  // A command that waits for a turn reports that the turn waits for a person.
  expect(await run('wait', 'one', '-t', '30')).toMatchObject({
    code: 1,
    out: 'waiting\n',
    words: expect.stringContaining('switchboard prompts'),
  });
  expect((await run('allow', 'one')).out).toBe('allowed\n');
  expect((await run('deny', 'two', 'not now')).out).toBe('denied\n');
  expect(await run('allow', 'three')).toMatchObject({
    code: 2,
    words: expect.stringContaining('Which? [Red | Green]'),
  });
  expect((await run('allow', 'three', '--answer', 'Green')).code).toBe(0);
  for (const id of ['one', 'two', 'three']) await run('wait', id);
  expect((await run('last-message', 'one')).out).toBe('was allowed\n');
  expect((await run('logs', '--json', 'three')).out).toContain('Green');
  expect(await run('allow', 'one')).toMatchObject({
    code: 1,
    words: expect.stringContaining('No prompt "one" waits'),
  });
});

verifies(
  'cli.find',
  'lists and searches the sessions of the machine, and tells what happened to one',
  async () => {
    const { workspace, api } = await startBuilt();
    await runBare({ workspace, api }, ['-p'], 'where the elderberries grow');
    const run = (...args: string[]) => runCli(workspace, args);
    const [id = ''] = await until('the session', async () => {
      const ids = (await run('list', '--sessions', '-q')).out.trim().split('\n').filter(Boolean);
      return ids.length ? ids : null;
    });
    const found = await until('the words', async () => {
      const answer = await run('search', 'elderberries');
      return answer.code === 0 ? answer : null;
    });
    expect(found.out).toContain(id.slice(0, 8));
    expect(await run('search', 'nobodysaidthis')).toMatchObject({ code: 1, out: '' });
    expect((await run('search', 'elderberries', '-q', '--since', '1h')).out).toBe(`${id}\n`);
    expect(await run('search', 'elderberries', '--until', '1h')).toMatchObject({ code: 1, out: '' });
    expect(await run('search', 'elderberries', '--since', 'soon')).toMatchObject({
      code: 2,
      words: expect.stringContaining('--since'),
    });
    expect((await run('diagnose', id.slice(0, 8))).out).toMatch(/^answered: It ended with an answer/);
    expect((await run('last-message', id.slice(0, 8))).out).toBe('Echo: where the elderberries grow\n');
    expect((await run('list', '-s')).out).toContain('where the elderberries grow');
    const made = (await run('new', '--session', id.slice(0, 8), '--copy')).out.trim();
    expect((await run('chat', made, 'and on')).out).toBe('Echo: and on\n');
    expect((await run('logs', made)).out).toContain('elderberries');
    expect((await run('history')).code).toBe(0);
  },
);

verifies(
  'cli.pick',
  'picks a session by some of its letters, with a preview, and prints only its id',
  async () => {
    const { workspace, api } = await startBuilt();
    for (const message of ['where the elderberries grow', 'where the marmalade is kept'])
      await runBare({ workspace, api }, ['-p'], message);
    await until(
      'both',
      async () => (await runCli(workspace, ['list', '-s', '-q'])).out.trim().split('\n').length === 2,
    );
    const tmux = tmuxOf(workspace, await createTmuxFolder());
    const picked = join(workspace.root, 'picked');
    const main = join(packageRoot, 'dist/cli/main.js');
    const command = `'${process.execPath}' '${main}' pick > ${picked}; echo code $? >> ${picked}; sleep 60`;
    tmux('-f', '/dev/null', 'new-session', '-d', '-s', 'a', '-x', '120', '-y', '40', command);
    const screen = () => tmux('capture-pane', '-p', '-t', 'a').stdout;
    await until(
      'both on the screen',
      async () => screen().includes('elderberries') && screen().includes('marmalade'),
    );
    // Keys that come with the first frame are not taken up.
    await until('the letters', async () => {
      tmux('send-keys', '-t', 'a', 'C-u');
      tmux('send-keys', '-t', 'a', '-l', 'eldr');
      return screen().includes('eldr');
    });
    await until(
      'one of them',
      async () =>
        !screen().includes('marmalade') && screen().includes('last:  Echo: where the elderberries grow'),
    );
    expect(screen()).toContain(workspace.project);
    tmux('send-keys', '-t', 'a', 'Enter');
    const [id, code] = await until('the id', async () => {
      const lines = (await readFile(picked, 'utf8').catch(() => '')).trim().split('\n');
      return lines.length === 2 ? lines : null;
    });
    expect(code).toBe('code 0');
    expect((await runCli(workspace, ['last-message', String(id)])).out).toBe(
      'Echo: where the elderberries grow\n',
    );
    expect(await runCli(workspace, ['pick'])).toMatchObject({
      code: 2,
      out: '',
      words: expect.stringContaining('needs a terminal'),
    });
  },
);

verifies('cli.codes', 'reports an error with its fix on standard error, and with an exit code', async () => {
  const { server, workspace } = await startBuilt();
  const run = (...args: string[]) => runCli(workspace, args);
  expect((await run('--help')).out).toMatch(/Talk:[\s\S]*chat[\s\S]*Find and read:[\s\S]*search/);
  expect((await run('chat', '--help')).out).toContain('git diff | switchboard chat review -');
  expect((await run('--version')).out).toMatch(/^\d/);
  for (const args of [
    ['chta', 'x'],
    ['chat'],
    ['chat', 'x', 'y', '--nope'],
    ['wait', 'x', '-t', 'soon'],
    ['chat', 'x', ' '],
    ['completion', 'tcsh'],
    [],
  ]) {
    const ran = await run(...args);
    expect([args, ran.code, ran.words !== '']).toEqual([args, 2, true]);
  }
  expect((await run('chta')).words).toContain('Did you mean chat?');
  expect(await run('show', 'nobody')).toMatchObject({
    code: 1,
    out: '',
    words: expect.stringContaining('There is no conversation "nobody"'),
  });
  expect(await run('chat', 'x', '[[error 404]]')).toMatchObject({
    code: 1,
    words: expect.stringContaining('error: '),
  });
  expect(await run('chat', 'x', '--file', '/nowhere')).toMatchObject({
    code: 1,
    words: expect.stringContaining('/nowhere cannot be read'),
  });
  expect((await run('gen-secret', '-l', '4')).out).toMatch(/^[0-9a-f]{8}\n$/);
  for (const shell of ['bash', 'zsh']) {
    const script = (await run('completion', shell)).out;
    expect(spawnSync('bash', ['-n'], { input: script }).status).toBe(0);
    expect(script).toContain('last-message');
  }
  expect((await run('completion', 'fish')).out).toContain('-a last-message');
  expect(await server.get('/health')).toMatchObject({ status: 'healthy' });
});

verifies(
  'cli.server',
  'finds the local server by a private file that it deletes when it stops, and others with a token',
  async () => {
    const { server, workspace } = await startBuilt();
    const file = join(workspace.home, '.local', 'state', 'switchboard', 'server.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await runCli(workspace, ['status'])).out).toContain(server.url);
    const stranger = await createWorkspace();
    expect(await runCli(stranger, ['status'])).toMatchObject({
      code: 1,
      words: expect.stringContaining('No server runs on this machine'),
    });
    expect(await runCli(stranger, ['--server', server.url, 'status'])).toMatchObject({
      code: 1,
      words: expect.stringContaining('There is no token'),
    });
    const token = (await runCli(workspace, ['token', 'elsewhere'])).out.trim();
    expect((await runCli(stranger, ['status', '--server', server.url, '--token', token])).code).toBe(0);
    expect(
      (await runCli(stranger, ['status'], { env: { SWITCHBOARD_URL: server.url, SWITCHBOARD_TOKEN: token } }))
        .code,
    ).toBe(0);
    const auth = 'switchboard:a long password for tests';
    expect(
      (await runCli(stranger, ['status'], { env: { SWITCHBOARD_URL: server.url, SWITCHBOARD_AUTH: auth } }))
        .code,
    ).toBe(0);
    expect(
      await runCli(stranger, ['status'], {
        env: { SWITCHBOARD_URL: server.url, SWITCHBOARD_TOKEN: 'wrong' },
      }),
    ).toMatchObject({ code: 1 });
    expect((await runCli(workspace, ['open', '-q'])).out).toMatch(/\/pair/);
    await server.stop();
    await expect(stat(file)).rejects.toThrow();
    expect(await runCli(workspace, ['status'])).toMatchObject({
      code: 1,
      words: expect.stringContaining('switchboard serve'),
    });
  },
);

verifies('cli.server', 'checks the requirements, and starts with the machine', async () => {
  const { server, workspace, env: settings } = await startBuilt();
  const healthy = await runCli(workspace, ['doctor']);
  expect([healthy.out, healthy.code]).toEqual([
    expect.stringMatching(/✓ Node v[\s\S]*✓ claude[\s\S]*✓ open to this machine only/),
    0,
  ]);
  await server.stop();
  const open = await startServerProcess(workspace, { ...settings, HOST: '0.0.0.0' });
  expect(await runCli(workspace, ['doctor'])).toMatchObject({
    code: 0,
    out: expect.stringContaining('! open to every network of this machine (HOST=0.0.0.0)'),
  });
  await open.stop();
  expect(await runCli(workspace, ['doctor'])).toMatchObject({
    code: 1,
    out: expect.stringContaining('✗ No server runs on this machine'),
  });
  const bin = join(workspace.root, 'bin');
  await mkdir(bin);
  const calls = join(workspace.root, 'calls');
  await writeFile(join(bin, 'systemctl'), `#!/bin/sh\necho "$*" >> ${calls}\n`, { mode: 0o755 });
  const env = { PATH: `${bin}:${process.env['PATH']}` };
  const run = (...args: string[]) => runCli(workspace, args, { env });
  expect(await run('service', 'status')).toMatchObject({ code: 1, out: 'not installed\n' });
  expect((await run('service', 'install')).code).toBe(0);
  const unit = await readFile(join(workspace.home, '.config/systemd/user/switchboard.service'), 'utf8');
  expect(unit).toContain(`WorkingDirectory=${workspace.project}`);
  expect(unit).toMatch(/ExecStart="[^"]*node[^"]*" "[^"]*main\.js" serve/);
  expect(await run('service', 'status')).toMatchObject({ code: 0, out: 'running\n' });
  expect((await run('service', 'uninstall')).words).toContain('Removed');
  expect((await readFile(calls, 'utf8')).split('\n')).toEqual(
    expect.arrayContaining([
      '--user enable --now switchboard.service',
      '--user disable --now switchboard.service',
    ]),
  );
  expect(await run('service', 'start')).toMatchObject({ code: 2 });
});
