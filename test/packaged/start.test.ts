import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import { packageRoot, startTestApi } from '../helper/server.ts';
import { freePort, startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, serverEnv, testEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

/** Starts the built server and expects it to exit. */
function startInVain(root: string, env: Record<string, string>) {
  const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'dist/server/main.js')], {
    cwd: root,
    env,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { status, stderr };
}

verifies('start.words', 'prints the address, the project, the sign-in and claude', async () => {
  const workspace = await createWorkspace();
  const server = await startServerProcess(
    workspace,
    serverEnv(workspace, null, { AUTH_PASSWORD: '', ANTHROPIC_API_KEY: '' }),
  );
  await until('the line about claude', () => /Claude/.test(server.output()));
  const output = server.output();
  expect(output).toMatch(/Address +http:\/\/127\.0\.0\.1:\d+/);
  expect(output).toContain(`user switchboard, password in ${workspace.data}/password`);
  expect(output).toContain(workspace.project);
  expect(output).toMatch(/2\.1\.329 at .*NOT signed in.*claude auth login/);
  expect(output).toMatch(/Tunnel +none/);
});

verifies('store.lock', 'names the server that has the data folder', async () => {
  const workspace = await createWorkspace();
  const env = serverEnv(workspace, null);
  const first = await startServerProcess(workspace, env);
  const second = startInVain(workspace.root, env);
  expect(second.status).toBe(2);
  expect(second.stderr).toContain(`pid ${first.child.pid}`);
  expect(second.stderr).toContain('SESSIONS_DIR');
  await first.kill();
  await startServerProcess(workspace, env);
});

verifies(
  'access.strong',
  'refuses a password that is easily guessed if the server can be reached from outside',
  async () => {
    const workspace = await createWorkspace();
    const start = (more: Record<string, string>) =>
      startInVain(workspace.root, serverEnv(workspace, null, more));
    for (const [more, words] of [
      [{ HOST: '0.0.0.0', AUTH_PASSWORD: ' ' }, 'is blank'],
      [{ HOST: '0.0.0.0', AUTH_PASSWORD: 'a' }, 'shorter than 12'],
      [{ HOST: '::', AUTH_PASSWORD: 'aaaaaaaaaaaaaaaa' }, 'repeats'],
      [
        { HOST: '0.0.0.0', AUTH_USERNAME: 'administrator', AUTH_PASSWORD: 'Administrator' },
        'is the user name',
      ],
      [{ TUNNEL: 'ngrok', AUTH_PASSWORD: 'elevenchars' }, 'TUNNEL=none'],
      [{ ALLOWED_HOSTS: 'desk.example', AUTH_PASSWORD: 'short' }, 'ALLOWED_HOSTS'],
    ] as [Record<string, string>, string][]) {
      const { status, stderr } = start(more);
      expect(status, stderr).toBe(2);
      expect(stderr).toContain(words);
      expect(stderr).toContain('switchboard gen-secret');
    }
    // On this machine alone, it is the person's own affair.
    await startServerProcess(workspace, serverEnv(workspace, null, { AUTH_PASSWORD: 'short' }));
  },
);

verifies(['access.exposure', 'tunnel.words'], 'refuses invalid settings, with the fix', async () => {
  const workspace = await createWorkspace();
  const refuse = (more: Record<string, string>) =>
    startInVain(workspace.root, serverEnv(workspace, null, more));
  const open = refuse({ HOST: '0.0.0.0', AUTH_PASSWORD: '' });
  expect(open.status).toBe(2);
  expect(open.stderr).toMatch(/AUTH_PASSWORD.*127\.0\.0\.1/);
  expect(refuse({ TUNNEL: 'ngrok', AUTH_PASSWORD: '' }).stderr).toMatch(/AUTH_PASSWORD.*TUNNEL=none/);
  expect(refuse({ PORT: 'eighty' }).stderr).toContain('PORT');
  expect(refuse({ CLAUDE_EXTRA_ARGS: '--resume x' }).stderr).toContain('--resume');
  const port = String(await freePort());
  await startServerProcess(workspace, serverEnv(workspace, null, { PORT: port }));
  const other = await createWorkspace();
  expect(startInVain(other.root, serverEnv(other, null, { PORT: port })).stderr).toContain(
    `Port ${port} is in use`,
  );
});

verifies('guard.secrets', 'writes no secret to its output', async () => {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const env = serverEnv(workspace, api, {
    LOG_LEVEL: 'debug',
    TUNNEL: 'ngrok',
    NGROK_AUTHTOKEN: 'ngrok-token-in-clear',
  });
  const server = await startServerProcess(workspace, env);
  const { token } = await (await server.post('/api/tokens', { label: 'x' })).json();
  await fetch(`${server.url}/api/status`, { headers: { authorization: `Bearer ${token}x` } });
  await server.post('/api/login', { username: 'switchboard', password: 'guess-in-clear' });
  const said = await server.chat({ message: '[[tool:Bash env]][[text done]]', permission_mode: 'dontAsk' });
  await until('the words of the tunnel', () => /Tunnel +(connecting|failed)/.test(server.output()));
  const text = server.output() + JSON.stringify(said) + JSON.stringify(await server.messages('default'));
  for (const secret of [env['AUTH_PASSWORD'] ?? '?', 'ngrok-token-in-clear', token, 'guess-in-clear'])
    expect(text).not.toContain(secret);
});

verifies(
  'tunnel.words',
  'says what is wrong with the real ngrok without an account, and serves on',
  async () => {
    const workspace = await createWorkspace();
    const server = await startServerProcess(workspace, serverEnv(workspace, null, { TUNNEL: 'ngrok' }));
    await until('the words', () => server.output().includes('NGROK_AUTHTOKEN is not set'));
    expect(await server.get('/api/status')).toMatchObject({
      tunnel: { kind: 'ngrok', state: 'failed', url: null },
    });
    const other = await createWorkspace();
    const offline = await startServerProcess(
      other,
      serverEnv(other, null, { TUNNEL: 'ngrok', NGROK_AUTHTOKEN: 'made-up' }),
    );
    const { tunnel } = await until('the words', async () => {
      const status = await offline.get('/api/status');
      return status.tunnel.detail && status;
    });
    expect(tunnel.detail).toMatch(/ngrok/);
    expect((await fetch(`${offline.url}/health`)).status).toBe(200);
  },
);

verifies('agent.located', 'does not treat its own development dependency as the claude on PATH', async () => {
  const workspace = await createWorkspace();
  const bin = join(packageRoot, 'node_modules', '.bin');
  const env = {
    ...serverEnv(workspace, null),
    PATH: `${bin}:${testEnv(workspace)['PATH']}`,
    npm_lifecycle_event: 'start',
    npm_package_name: 'switchboard',
  };
  const server = await startServerProcess(workspace, env);
  expect(await server.get('/api/status')).toMatchObject({ claude: { version: '2.1.329' } });
});
