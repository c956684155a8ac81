import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { toProjectSlug } from '../../server/transcript-file/paths.ts';
import {
  compareWithFloor,
  type Figure,
  formatMs,
  limitFigure,
  measureInTurn,
  measureTime,
  median,
  summarizePairs,
} from './figure.ts';
import type { BenchServer } from './server.ts';
import type { Stage } from './stage.ts';

const sessionId = '33333333-3333-4333-8333-333333333333';

/** The time from the start of the process to its first answer, compared with a Node that does nothing. */
export async function measureStart(stage: Stage): Promise<Figure> {
  let count = 0;
  const ours = async () => {
    count += 1;
    const start = performance.now();
    const server = await stage.startServer({ SESSIONS_DIR: join(stage.root, `start-${count}`) });
    await (await fetch(`${server.url}/health`)).text();
    const duration = performance.now() - start;
    await server.stop();
    return duration;
  };
  const floor = () => measureTime(() => once(spawn(process.execPath, ['-e', '0']), 'exit'));
  return compareWithFloor('start to the first 200 / node -e 0', await measureInTurn(9, ours, floor), {
    maxRatio: 6,
  });
}

export async function measureMemory(stage: Stage): Promise<Figure> {
  const server = await stage.startServer({ SESSIONS_DIR: join(stage.root, 'memory') });
  await server.get('/api/status');
  await delay(3000);
  const mb = await server.readMemoryMb();
  await server.stop();
  return limitFigure('idle memory', `${mb.toFixed(1)} MB`, '<= 80 MB', mb <= 80);
}

/** The newest page of a 24 MB transcript, compared with reading its last 256 KB. */
export async function measureTail(stage: Stage, server: BenchServer): Promise<Figure> {
  const folder = join(stage.home, '.claude', 'projects', toProjectSlug(stage.project));
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${sessionId}.jsonl`);
  await writeFile(file, makeLargeTranscript(stage.project));
  await server.chat({ message: '/cost', conv_id: 'unused' });
  const created = await server.send('/api/conversations', { id: 'big', session_id: sessionId });
  if (!created.ok) throw new Error(await created.text());
  let bytes = 0;
  const ours = () =>
    measureTime(async () => {
      bytes = (await (await server.get('/api/conversations/big/messages')).arrayBuffer()).byteLength;
    });
  const floor = () =>
    measureTime(async () => {
      const handle = await open(file);
      const { size } = await handle.stat();
      await handle.read(Buffer.alloc(256 * 1024), 0, 256 * 1024, size - 256 * 1024);
      await handle.close();
    });
  const pair = summarizePairs(await measureInTurn(9, ours, floor));
  const ok = pair.ours <= 50 && bytes <= 256 * 1024;
  const value = `${formatMs(pair.ours)}, ${Math.round(bytes / 1024)} KB`;
  return limitFigure('tail of a 24 MB transcript / reading 256 KB', value, '<= 50 ms, 256 KB', ok, {
    floor: formatMs(pair.floor),
    ratio: pair.ours / pair.floor,
  });
}

function makeLargeTranscript(cwd: string): string {
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

/** The list with 5,000 conversations, compared with /health of the same server. */
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
  const ours = () => measureTime(async () => (await server.get('/api/conversations')).json());
  const floor = () => measureTime(async () => (await fetch(`${server.url}/health`)).json());
  const pair = summarizePairs(await measureInTurn(25, ours, floor));
  await server.stop();
  return limitFigure(
    '/api/conversations with 5,000 / health',
    formatMs(pair.ours),
    '<= 20 ms',
    pair.ours <= 20,
    {
      floor: formatMs(pair.floor),
      ratio: pair.ratio,
    },
  );
}

/** /health while turns start and run, compared with /health of an idle server. */
export async function measureHealth(server: BenchServer): Promise<Figure> {
  const health = () => measureTime(async () => (await fetch(`${server.url}/health`)).text());
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
  const [ours, floor] = [median(busy), median(idle)];
  const value = `${formatMs(ours)} (slowest ${formatMs(Math.max(...busy))})`;
  return limitFigure('/health beside 8 turns / idle', value, 'reported only', true, {
    floor: formatMs(floor),
    ratio: ours / floor,
  });
}
