import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { toProjectSlug } from '../../server/transcript-file/paths.ts';
import { compare, type Figure, inTurn, median, medians, ms, time } from './figure.ts';
import type { BenchServer, Stage } from './stage.ts';

const sessionId = '33333333-3333-4333-8333-333333333333';

/** From the start of the process to the first answer, beside a Node that does nothing. */
export async function measureStart(stage: Stage): Promise<Figure> {
  let data = 0;
  const ours = async () => {
    data += 1;
    const start = performance.now();
    const server = await stage.startServer({ SESSIONS_DIR: join(stage.root, `start-${data}`) });
    await (await fetch(`${server.url}/health`)).text();
    const took = performance.now() - start;
    await server.stop();
    return took;
  };
  const floor = () => time(() => once(spawn(process.execPath, ['-e', '0']), 'exit'));
  return compare('start to the first 200 / node -e 0', await inTurn(9, ours, floor), { most: 6 });
}

export async function measureMemory(stage: Stage): Promise<Figure> {
  const server = await stage.startServer({ SESSIONS_DIR: join(stage.root, 'memory') });
  await server.get('/api/status');
  await delay(3000);
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  await server.stop();
  const mb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000;
  return {
    name: 'idle memory',
    value: `${mb.toFixed(1)} MB`,
    floor: '',
    ratio: null,
    target: '<= 80 MB',
    ok: mb <= 80,
  };
}

/** The newest page of a 24 MB transcript, beside reading its last 256 KB. */
export async function measureTail(stage: Stage, server: BenchServer): Promise<Figure> {
  const folder = join(stage.home, '.claude', 'projects', toProjectSlug(stage.project));
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${sessionId}.jsonl`);
  await writeFile(file, bigTranscript(stage.project));
  await server.chat({ message: '/cost', conv_id: 'unused' });
  const made = await fetch(`${server.url}/api/conversations`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from('bench:bench').toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ id: 'big', session_id: sessionId }),
  });
  if (!made.ok) throw new Error(await made.text());
  let bytes = 0;
  const ours = () =>
    time(async () => {
      bytes = (await (await server.get('/api/conversations/big/messages')).arrayBuffer()).byteLength;
    });
  const floor = () =>
    time(async () => {
      const handle = await open(file);
      const { size } = await handle.stat();
      await handle.read(Buffer.alloc(256 * 1024), 0, 256 * 1024, size - 256 * 1024);
      await handle.close();
    });
  const pair = medians(await inTurn(9, ours, floor));
  const ok = pair.ours <= 50 && bytes <= 256 * 1024;
  const value = `${ms(pair.ours)}, ${Math.round(bytes / 1024)} KB`;
  return {
    name: 'tail of a 24 MB transcript / reading 256 KB',
    value,
    floor: ms(pair.floor),
    ratio: pair.ours / pair.floor,
    target: '<= 50 ms, 256 KB',
    ok,
  };
}

function bigTranscript(cwd: string): string {
  const lines: string[] = [];
  const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  for (let n = 0, size = 0; size < 24_000_000; n += 1) {
    const isUser = n % 2 === 0;
    const content = isUser
      ? `question ${n}`
      : [{ type: 'text', text: `answer ${n} ${'lorem ipsum '.repeat(120)}` }];
    const message = { role: isUser ? 'user' : 'assistant', id: `m${n}`, content };
    const common = {
      uuid: uuid(n),
      parentUuid: n ? uuid(n - 1) : null,
      sessionId,
      cwd,
      timestamp: new Date(n * 1000).toISOString(),
    };
    lines.push(JSON.stringify({ ...common, type: message.role, message }));
    if (n % 20 === 19)
      lines.push(
        JSON.stringify({
          type: 'api-request-blob',
          sessionId,
          message: { role: 'system', content: 'x'.repeat(20_000) },
        }),
      );
    size += (lines.at(-1)?.length ?? 0) + 1;
    if (n % 20 === 19) size += 1500;
  }
  return `${lines.join('\n')}\n`;
}

/** The list with 5,000 conversations, beside /health from the same server. */
export async function measureList(stage: Stage): Promise<Figure> {
  const data = join(stage.root, 'list');
  await mkdir(data);
  const at = (n: number) => new Date(1_700_000_000_000 + n * 1000).toISOString();
  const entry = (n: number) => ({
    session_id: sessionId,
    created_at: at(n),
    last_message_at: at(n),
    turn_count: n,
    last_message: `message ${n}`,
  });
  const conversations = Object.fromEntries(
    Array.from({ length: 5000 }, (_, n) => [`conversation-${n}`, entry(n)]),
  );
  await writeFile(join(data, 'sessions.json'), JSON.stringify({ conversations }));
  const server = await stage.startServer({ SESSIONS_DIR: data });
  const ours = () => time(async () => (await server.get('/api/conversations')).json());
  const floor = () => time(async () => (await fetch(`${server.url}/health`)).json());
  const pair = medians(await inTurn(25, ours, floor));
  await server.stop();
  return {
    ...{
      name: '/api/conversations with 5,000 / health',
      value: ms(pair.ours),
      floor: ms(pair.floor),
      ratio: pair.ratio,
    },
    ...{ target: '<= 20 ms', ok: pair.ours <= 20 },
  };
}

/** /health while turns start and run, beside /health of an idle server. */
export async function measureHealth(server: BenchServer): Promise<Figure> {
  const health = () => time(async () => (await fetch(`${server.url}/health`)).text());
  const idle: number[] = [];
  for (let i = 0; i < 50; i += 1) idle.push(await health());
  let isDone = false;
  const turns = Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      server
        .chat({ message: '[[slow 20 20ms]]', conv_id: `busy-${i}` }, 'text/plain')
        .then((answer) => answer.text()),
    ),
  );
  void turns.then(() => {
    isDone = true;
  });
  const busy: number[] = [];
  while (!isDone) {
    busy.push(await health());
    await delay(20);
  }
  const pair = { ours: median(busy), floor: median(idle) };
  const value = `${ms(pair.ours)} (slowest ${ms(Math.max(...busy))})`;
  return {
    name: '/health beside 8 turns / idle',
    value,
    floor: ms(pair.floor),
    ratio: pair.ours / pair.floor,
    target: 'said only',
    ok: true,
  };
}
