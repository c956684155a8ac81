import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { startMessagesApi } from '../test/fixture/messages-api/server.ts';
import { demoConversations, demoPrompts, demoScript } from './demo-script.ts';

/**
 * The whole product without an account: the built server and the real CLI, with a scripted model on this machine. Home,
 * project and data are in a temporary folder, which is deleted when the demo ends.
 */
const root = await mkdtemp(join(tmpdir(), 'switchboard-demo-'));
const home = join(root, 'home');
const project = join(root, 'greeter');
const username = 'demo';
const password = 'demo';
await mkdir(home);
await mkdir(project);
await writeFile(join(project, 'greet.js'), "export const greet = (name) => 'Hello ' + nmae;\n");
await writeFile(
  join(project, 'greet.test.js'),
  "import { greet } from './greet.js';\nif (greet('Ada') !== 'Hello Ada') throw new Error('wrong');\n",
);
execFileSync('git', ['init', '-q', project]);

const api = await startMessagesApi({ scriptFor: (text) => demoScript(text, project), wordMs: 30 });
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'));
const server = spawn(process.execPath, [join(import.meta.dirname, '..', 'dist', 'server', 'main.js')], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: {
    PATH: path.join(delimiter),
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: process.env['TERM'] ?? 'dumb',
    ANTHROPIC_BASE_URL: api.url,
    ANTHROPIC_API_KEY: 'sk-ant-demo',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    AUTH_USERNAME: username,
    AUTH_PASSWORD: password,
    PORT: process.env['PORT'] ?? '0',
    SESSIONS_DIR: join(root, 'sessions'),
    CLAUDE_PROJECT_PATH: project,
    PROJECT_ROOTS: root,
    LOG_LEVEL: 'warn',
  },
});
const ended = once(server, 'exit');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal));

let output = '';
let isReady = false;
server.stdout.on('data', (chunk: Buffer) => {
  process.stdout.write(chunk);
  output += chunk;
  const url = /Address +(\S+)/.exec(output)?.[1];
  if (url && !isReady) {
    isReady = true;
    void createConversations(url);
  }
});

/** Creates the conversations of the demo. */
async function createConversations(url: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const headers = { authorization, 'content-type': 'application/json' };
  const post = async (path: string, body: object) => {
    const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    const answer = await response.text();
    if (!response.ok) console.log(`POST ${path} failed: ${answer}`);
    return answer;
  };
  for (const { id, permission_mode, message } of demoPrompts) {
    await post('/api/conversations', { id, permission_mode });
    const { turn_id } = JSON.parse(await post(`/api/conversations/${id}/turns`, { message }));
    // Returns as soon as the turn waits for a person.
    await (await fetch(`${url}/api/turns/${turn_id}?wait_s=30`, { headers })).text();
  }
  for (const { id, messages } of demoConversations) {
    for (const message of messages) await post('/api/chat', { message, conv_id: id });
  }
  console.log(
    `\nThe demo is ready. Open ${url} and sign in with user "${username}", password "${password}".`,
  );
  console.log(`Or: curl -u ${username}:${password} ${url}/api/chat -H 'Content-Type: application/json' \\`);
  console.log(`      -d '{"message":"Why does the test fail?"}'`);
  console.log(
    'Three conversations wait for you, with a permission, a question and a plan. On the command line:',
  );
  console.log(`    curl -u ${username}:${password} ${url}/api/prompts`);
  console.log('Ctrl-C stops the demo and deletes its data.');
}

await ended;
await api.dispose();
await rm(root, { recursive: true, force: true, maxRetries: 5 });
