import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCli } from '../helper/cli.ts';
import { startBuilt } from '../helper/packaged.ts';
import { packageRoot } from '../helper/server.ts';
import { createTmuxFolder, tmuxOf } from '../helper/terminal.ts';
import { until } from '../helper/until.ts';
import { testEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const main = join(packageRoot, 'dist/cli/main.js');

verifies(
  'cli.talk',
  'forks, shows and changes the queue, and shows and undoes what a turn changed',
  async () => {
    const { server, workspace } = await startBuilt({ ALLOWED_TOOLS: 'Bash' });
    const run = (...args: string[]) => runCli(workspace, args);
    spawnSync('git', ['init', '-q'], { cwd: workspace.project, env: testEnv(workspace) });
    await run('ask', 'tests', '[[tool:Bash echo one > made.txt]][[text made it]]');
    expect((await run('changes', 'tests')).out).toMatch(/made\.txt/);
    expect((await run('changes', 'tests', '-q')).out).toBe('made.txt\n');
    expect((await run('undo', 'tests')).code).toBe(0);
    expect(spawnSync('ls', [workspace.project], { encoding: 'utf8' }).stdout).toBe('');
    expect(await run('undo', 'nobody')).toMatchObject({ code: 1, out: '' });

    expect((await run('fork', 'tests', 'other')).out).toBe('other\n');
    expect((await run('logs', 'other')).out).toContain('made it');
    const { turn_id } = await server.accept('tests', { message: '[[hang]]' });
    const waiting = await server.accept('tests', { message: 'waits in the queue' });
    expect((await run('queue', 'tests')).out).toContain('waits in the queue');
    expect((await run('queue', 'tests', '-q')).out).toBe(`${waiting.turn_id}\n`);
    expect((await run('queue', 'tests', '--remove', waiting.turn_id)).code).toBe(0);
    expect((await server.turn(waiting.turn_id)).state).toBe('cancelled');
    await server.cancel(turn_id);
    expect(JSON.parse((await run('queue', 'tests', '--json')).out)).toEqual([]);
  },
);

verifies('cli.codes', 'completes commands, options, choices, conversations and sessions', async () => {
  const { server, workspace } = await startBuilt();
  const { session_id } = await server.chat({ conv_id: 'my-tests', message: 'hello' });
  const bin = join(workspace.root, 'switchboard');
  await writeFile(bin, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 });
  const script = (await runCli(workspace, ['completion', 'bash'])).out;
  const complete = (...words: string[]): string[] => {
    const line = `${script}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _switchboard; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = testEnv(workspace, { PATH: `${workspace.root}:${process.env['PATH']}` });
    return spawnSync('bash', ['-c', line], { encoding: 'utf8', env, cwd: workspace.project })
      .stdout.trim()
      .split('\n');
  };
  expect(complete('switchboard', 'last')).toEqual(['last-message']);
  expect(complete('switchboard', 'chat', 'my')).toEqual(['my-tests']);
  expect(complete('switchboard', 'chat', '--fi')).toEqual(['--file']);
  expect(complete('switchboard', 'list', '--state', 'w')).toEqual(['waiting']);
  expect(complete('switchboard', 'completion', 'f')).toEqual(['fish']);
  expect(complete('switchboard', '--json', 'chat', 'my')).toEqual(['my-tests']);
  expect(complete('switchboard', '--server', server.url, 'last')).toEqual(['last-message']);
  expect(complete('switchboard', 'attach', 'my')).toEqual(['my-tests']);
  await until(
    'the session',
    () => complete('switchboard', 'diagnose', session_id.slice(0, 6))[0] === session_id,
  );
  expect(complete('switchboard', 'ended', '')).toHaveLength(1);
  for (const args of [
    ['gen-secret'],
    ['completion', 'zsh'],
    ['service', 'install', '--print'],
    ['list'],
    ['ended'],
    ['history'],
    ['prompts'],
  ])
    expect(
      () =>
        JSON.parse(
          spawnSync(process.execPath, [main, ...args, '--json'], {
            encoding: 'utf8',
            env: testEnv(workspace),
          }).stdout,
        ),
      args[0],
    ).not.toThrow();
});

verifies(
  'cli.server',
  'works the same with a remote server, and says which one cannot be reached',
  async () => {
    const { server, workspace } = await startBuilt();
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'where the elderberries grow' });
    const token = (await runCli(workspace, ['token', 'elsewhere'])).out.trim();
    const env = {
      SWITCHBOARD_URL: server.url,
      SWITCHBOARD_TOKEN: token,
      XDG_STATE_HOME: join(workspace.root, 'nothing'),
    };
    const run = (...args: string[]) => runCli(workspace, args, { env });
    await until('the session in the index', async () => (await run('show', id.slice(0, 8))).out.includes(id));
    expect((await run('diagnose', id.slice(0, 8))).out).toMatch(/^answered/);
    expect((await run('chat', 'a', 'from elsewhere')).out).toBe('Echo: from elsewhere\n');
    expect(await run('kill', id.slice(0, 8))).toMatchObject({ code: 1, words: expect.stringContaining(id) });
    await server.stop();
    for (const args of [['list'], ['list', '--sessions'], ['kill', id], ['chat', 'a', 'x'], ['pick', 'x']]) {
      const ran = await run(...args);
      expect([args, ran.code === 0, ran.out]).toEqual([args, false, '']);
      if (args[0] !== 'pick') expect(ran.words).toContain(`${server.url} cannot be reached`);
      expect(ran.words).not.toMatch(/\n\s+at /);
    }
  },
);

verifies('cli.talk', 'attaches to the terminal of a conversation, and leaves it running', async () => {
  const folder = await createTmuxFolder();
  const { server, workspace } = await startBuilt({ TMUX_TMPDIR: folder });
  const tmux = tmuxOf(workspace, folder);
  const { session_id } = await server.chat({ conv_id: 'a', message: 'said on the phone' });
  // A person's own tmux, with the command in it.
  tmux(
    '-f',
    '/dev/null',
    'new-session',
    '-d',
    '-s',
    'own',
    '-x',
    '120',
    '-y',
    '40',
    `'${process.execPath}' '${main}' attach a; echo code $?; exec sleep 60`,
  );
  const screen = () => tmux('capture-pane', '-p', '-t', 'own').stdout;
  await until('the terminal', () => screen().includes('said on the phone') && screen().includes('❯'));
  expect(await server.get(`/api/hosts/local/sessions/${session_id}`)).toMatchObject({
    state: 'idle',
    conv_id: 'a',
  });
  tmux('send-keys', '-t', 'own', 'C-b', 'd');
  await until('the way back', () => screen().includes('code 0'));
  expect(await server.get(`/api/hosts/local/sessions/${session_id}`)).toMatchObject({ state: 'idle' });
  expect((await runCli(workspace, ['detach', 'a'])).code).toBe(0);
});

verifies(
  'cli.codes',
  'prints colours and a QR code only in a terminal, and no colours if they are disabled',
  async () => {
    const { server, workspace } = await startBuilt();
    await server.chat({ conv_id: 'a', message: 'where the elderberries grow' });
    await until('the words', async () => (await runCli(workspace, ['search', 'elderberries'])).code === 0);
    /** As at a terminal. */
    const shown = (command: string, more: Record<string, string> = {}) =>
      spawnSync('script', ['-qec', `'${process.execPath}' '${main}' ${command}`, '/dev/null'], {
        encoding: 'utf8',
        env: testEnv(workspace, { TERM: 'xterm', ...more }),
        cwd: workspace.project,
      }).stdout;
    expect(shown('search elderberries')).toContain('\u001b[1m');
    const plain = shown('search elderberries', { NO_COLOR: '1' });
    expect(plain).toContain('elderberries');
    expect(plain).not.toContain('\u001b[');
    expect((await runCli(workspace, ['search', 'elderberries'])).out).not.toContain('\u001b[');
    expect(shown('open')).toMatch(/[▀▄█]{5}[\s\S]*\/pair/);
    expect((await runCli(workspace, ['open'])).out).not.toMatch(/[▀▄█]/);
  },
);
