import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { locateClaude } from '../../server/agent/claude/locate.ts';
import { startMessagesApi } from '../../test/fixture/messages-api/server.ts';

export const packageRoot = join(import.meta.dirname, '..', '..');
const authorization = `Basic ${Buffer.from('bench:bench').toString('base64')}`;

/** Folders, a scripted API, the environment of a list, and what is measured: the built server and the bare CLI. */
export async function openStage() {
  const root = await mkdtemp(join(tmpdir(), 'switchboard-bench-'));
  const [home, project, data] = [join(root, 'home'), join(root, 'project'), join(root, 'data')];
  for (const folder of [home, project, data]) await mkdir(folder);
  const api = await startMessagesApi();
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  const env = {
    PATH: path.join(delimiter),
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    ANTHROPIC_BASE_URL: api.url,
    ANTHROPIC_API_KEY: 'sk-ant-bench',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
  };
  const claude = await locateClaude({ bin: '', path: '', packageRoot });
  if (!claude) throw new Error('claude is not in node_modules; run npm ci');

  /** Runs the bare CLI; `until` is called with each piece of output and ends the wait where it returns true. */
  async function bare(args: string[], message: string, until?: (output: string) => boolean): Promise<void> {
    const child = spawn(claude as string, ['-p', ...args], {
      cwd: project,
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.stdin.end(message);
    let output = '';
    const seen = new Promise<void>((resolve) =>
      child.stdout.on('data', (chunk) => {
        output += chunk;
        if (until?.(output)) resolve();
      }),
    );
    const ended = once(child, 'close');
    await (until ? Promise.race([seen, ended]) : ended);
    if (until) void ended;
  }

  /** A bare process that is kept open, as the server keeps its own: the floor of live turns. */
  async function raw() {
    const args = [
      '--input-format',
      'stream-json',
      '--output-format',
      'stream-json',
      '--verbose',
      '--include-partial-messages',
    ];
    const child = spawn(
      claude as string,
      ['-p', ...args, '--permission-prompt-tool', 'stdio', '--permission-mode', 'acceptEdits'],
      {
        cwd: project,
        env: { ...env, CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1' },
        stdio: ['pipe', 'pipe', 'ignore'],
      },
    );
    const ended = once(child, 'exit');
    let output = '';
    let seen = () => {};
    child.stdout.on('data', (chunk) => {
      output += chunk;
      seen();
    });
    const until = (word: string) =>
      new Promise<void>((resolve) => {
        seen = () => {
          if (output.includes(word)) resolve();
        };
        seen();
      });
    const send = (line: object) => child.stdin.write(`${JSON.stringify(line)}\n`);
    send({ type: 'control_request', request_id: 'init', request: { subtype: 'initialize' } });
    await until('control_response');
    return {
      /** Sends a message and resolves when its output has this word. */
      async turn(message: string, word: string): Promise<void> {
        output = '';
        send({ type: 'user', message: { role: 'user', content: message }, parent_tool_use_id: null });
        await until(word);
      },
      rest: () => until('"state":"idle"'),
      async end(): Promise<void> {
        child.stdin.end();
        await ended;
      },
    };
  }

  return {
    root,
    project,
    home,
    data,
    bare,
    raw,
    startServer: (more: Record<string, string> = {}) =>
      startServer(
        {
          ...env,
          AUTH_USERNAME: 'bench',
          AUTH_PASSWORD: 'bench',
          PORT: '0',
          SESSIONS_DIR: data,
          CLAUDE_PROJECT_PATH: project,
          PROJECT_ROOTS: root,
          ...more,
        },
        root,
      ),
    async dispose() {
      await api.dispose();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export type Stage = Awaited<ReturnType<typeof openStage>>;
export type BenchServer = Awaited<ReturnType<typeof startServer>>;

async function startServer(env: Record<string, string>, cwd: string) {
  const child: ChildProcess = spawn(process.execPath, [join(packageRoot, 'dist/server/main.js')], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      const found = /Address +(\S+)/.exec(output)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return {
    url,
    pid: child.pid as number,
    get: (path: string, signal?: AbortSignal) =>
      fetch(url + path, { headers: { authorization }, ...(signal ? { signal } : {}) }),
    send: (path: string, body: object, method = 'POST') =>
      fetch(url + path, {
        method,
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    chat: (body: object, accept = 'application/json') =>
      fetch(`${url}/api/chat`, {
        method: 'POST',
        headers: { authorization, accept, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
