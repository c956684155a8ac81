import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { toProjectSlug } from '../../server/transcript-file/paths.ts';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('export.whole', 'exports a conversation as Markdown and JSON', async () => {
  const server = await startTestServer();
  await server.chat({
    message: '[[think Hmm]][[tool:Bash git --version]][[text It is ```there```.]]',
    conv_id: 'a',
  });
  await server.chat({ message: `[[text ${'long '.repeat(30_000)}]]`, conv_id: 'a' });
  const markdown = await server.send('/api/conversations/a/export');
  expect(markdown.headers.get('content-type')).toContain('text/markdown');
  expect(markdown.headers.get('content-disposition')).toContain('a.md');
  const text = await markdown.text();
  for (const words of [
    '# a',
    '## You',
    '> Hmm',
    '**Bash**',
    'git version',
    'It is ```there```.',
    'long '.repeat(30_000).trim(),
  ])
    expect(text).toContain(words);
  const json = await server.get('/api/conversations/a/export?format=json');
  const { messages } = await server.messages('a');
  expect(json.messages.at(-1)).toMatchObject({ id: messages.at(-1).id, text: 'long '.repeat(30_000) });
  expect(json.messages).toHaveLength(5);
  expect((await server.send('/api/conversations/a/export?format=pdf')).status).toBe(400);
});

verifies('export.whole', 'streams one of 30 MB without having it in memory', async () => {
  const server = await startTestServer();
  const session = '44444444-4444-4444-8444-444444444444';
  const folder = join(server.workspace.home, '.claude', 'projects', toProjectSlug(server.workspace.project));
  await mkdir(folder, { recursive: true });
  const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const lines = Array.from({ length: 6000 }, (_, n) => {
    const role = n % 2 ? 'assistant' : 'user';
    const content = n % 2 ? [{ type: 'text', text: `answer ${n} ${'x'.repeat(10_000)}` }] : `question ${n}`;
    const common = {
      uuid: uuid(n),
      parentUuid: n ? uuid(n - 1) : null,
      sessionId: session,
      cwd: server.workspace.project,
    };
    return JSON.stringify({
      ...common,
      timestamp: new Date(n * 1000).toISOString(),
      type: role,
      message: { role, id: `m${n}`, content },
    });
  });
  await writeFile(join(folder, `${session}.jsonl`), `${lines.join('\n')}\n`);
  await server.post('/api/conversations', { id: 'big', session_id: session });
  const before = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
  const response = await server.send('/api/conversations/big/export?format=md');
  let bytes = 0;
  let peak = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    peak = Math.max(peak, process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - before);
  }
  expect(bytes).toBeGreaterThan(30_000_000);
  expect(peak).toBeLessThan(100_000_000);
});

verifies('metrics.figures', 'returns metrics only with credentials', async () => {
  const server = await startTestServer();
  await server.chat({ message: '[[slow 3 10ms]]', conv_id: 'a', stream: true }).catch(() => {});
  await server.accept('b', { message: '[[tool:Bash touch x]]', permission_mode: 'default' });
  await server.prompts();
  expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
  const response = await server.send('/metrics');
  expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  const text = await response.text();
  const value = (name: string) =>
    Number(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
  expect(value('switchboard_turns{state="completed"}')).toBe(1);
  expect(value('switchboard_turns{state="waiting"}')).toBe(1);
  expect(value('switchboard_prompts_waiting')).toBe(1);
  expect(value('switchboard_live_processes')).toBe(1);
  expect(value('switchboard_live_processes_busy')).toBe(1);
  expect(value('switchboard_queue_length')).toBe(0);
  expect(value('switchboard_first_token_seconds_count')).toBe(1);
  expect(text).toContain('switchboard_events_sent_total');
});
