import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

const texts = async (server: TestServer, id: string) =>
  (await server.messages(id)).messages.map(({ text }: { text: string }) => text);

function transcripts({ workspace }: TestServer): Record<string, string> {
  const projects = join(workspace.home, '.claude', 'projects');
  const files = readdirSync(projects, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.jsonl'),
  );
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(projects, name), 'utf8')]));
}

verifies(
  'fork.make',
  'forks whole and up to a turn, by both kinds of process, and leaves the old one alone',
  async () => {
    const server = await startTestServer();
    const first = await server.chat({ message: 'one', conv_id: 'a' });
    await server.post('/api/conversations/a/warm', {});
    await server.chat({ message: '[[tool:Bash git --version]][[text two]]', conv_id: 'a' });
    await server.chat({ message: 'three', conv_id: 'a' });
    const before = transcripts(server);
    const whole = await server.post('/api/conversations/a/fork', { id: 'whole' });
    expect(whole.status).toBe(201);
    const part = (await (
      await server.post('/api/conversations/a/fork', { at_turn: first.turn_id })
    ).json()) as { id: string; session_id: string };
    expect(await texts(server, 'whole')).toEqual(await texts(server, 'a'));
    expect(await texts(server, part.id)).toEqual(['one', 'Echo: one']);

    const more = await server.chat({ message: 'in the fork', conv_id: part.id });
    expect(more.session_id).toBe(part.session_id);
    const request = JSON.stringify(
      server.api.received.findLast((one) => one.texts.includes('in the fork'))?.body,
    );
    expect(request).toContain('Echo: one');
    expect(request).not.toContain('three');
    await server.chat({ message: 'in the whole', conv_id: 'whole' });
    expect(
      JSON.stringify(server.api.received.findLast((one) => one.texts.includes('in the whole'))?.body),
    ).toContain('Echo: three');
    // A fork costs what was done in it.
    expect((await server.get('/api/conversations/whole')).cost_usd).toBeCloseTo(first.cost, 10);
    const after = transcripts(server);
    for (const [name, content] of Object.entries(before)) expect(after[name]?.startsWith(content)).toBe(true);
    expect(await texts(server, 'a')).not.toContain('in the fork');
    expect((await server.post('/api/conversations/a/fork', { id: 'whole' })).status).toBe(409);
    expect((await server.post('/api/conversations/a/fork', { at_turn: more.turn_id })).status).toBe(404);
  },
);
