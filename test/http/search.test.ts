import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startTestServer } from '../helper/server.ts';
import { folderOf, idOf, line, listed } from '../helper/transcript.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'session.search',
  'finds words, phrases, prefixes and parts of names, with who said it and where',
  async () => {
    const server = await startTestServer();
    const folder = await folderOf(server);
    const id = idOf(1);
    const say = (type: string, content: unknown, uuid: string, at: string) =>
      `${JSON.stringify({ type, uuid, parentUuid: null, sessionId: id, cwd: '/p/one.two', timestamp: at, message: { id: uuid, role: type, content } })}\n`;
    const [asked, answered, ran, printed] = [101, 102, 103, 104].map(idOf) as [
      string,
      string,
      string,
      string,
    ];
    await writeFile(
      join(folder, `${id}.jsonl`),
      say('user', 'Why does the Größe of <b>parseHttpHeader</b> change?', asked, '2026-01-01T00:00:00.000Z') +
        say(
          'assistant',
          [{ type: 'text', text: 'Because the header is parsed twice, at src/net/http-header.ts.' }],
          answered,
          '2026-01-02T00:00:00.000Z',
        ) +
        say(
          'assistant',
          [{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'grep -rn zanzibar src' } }],
          ran,
          '2026-01-03T00:00:00.000Z',
        ) +
        say(
          'user',
          [{ type: 'tool_result', tool_use_id: 't', content: 'src/a.ts: zanzibar once more' }],
          printed,
          '2026-01-04T00:00:00.000Z',
        ),
    );
    await listed(server);
    const search = async (q: string, more = '') =>
      (await server.get(`/api/search?q=${encodeURIComponent(q)}${more}`)).hits;
    const ids = async (q: string, more = '') =>
      (await search(q, more)).map((hit: { message_id: string }) => hit.message_id).sort();
    expect(await search('grosse')).toEqual([]);
    expect(await search('größe')).toMatchObject([
      {
        session_id: id,
        message_id: asked,
        role: 'user',
        at: '2026-01-01T00:00:00.000Z',
        project: '/p/one.two',
      },
    ]);
    const [hit] = await search('http');
    expect(
      hit.marks.map(([from, to]: [number, number]) => hit.excerpt.slice(from, to).toLowerCase()),
    ).toContain('http');
    expect(await ids('http')).toEqual([asked, answered]);
    expect(await ids('"header is parsed"')).toEqual([answered]);
    expect(await ids('"is header"')).toEqual([]);
    expect(await ids('pars*')).toEqual([asked, answered]);
    expect(await ids('zanzibar')).toEqual([ran, printed]);
    expect(await ids('zanzibar', '&role=user,assistant,tool')).toEqual([ran]);
    expect(await ids('"zanzibar once"')).toEqual([printed]);
    expect(await ids('zanzibar', '&since=2026-01-03T12:00:00Z')).toEqual([printed]);
    expect(await ids('http', '&project=elsewhere')).toEqual([]);
    expect(await ids('http" OR "zanzibar')).toEqual([]);
    // The cursor of a hit gives the page that ends with it.
    const { messages } = await server.get(
      `/api/hosts/local/sessions/${id}/messages?limit=1&before=${hit.before}`,
    );
    expect(messages.at(-1).id).toBe(hit.message_id);
  },
);

verifies('session.search', 'finds what sub-agents said and did, under one session', async () => {
  const server = await startTestServer();
  const folder = await folderOf(server);
  await writeFile(join(folder, `${idOf(1)}.jsonl`), line(idOf(1), 'asks a helper'));
  expect(await listed(server)).toHaveLength(1);
  // Made while it is watched, as by a session at work.
  const agents = join(folder, idOf(1), 'subagents');
  await mkdir(agents, { recursive: true });
  const said = (content: unknown, uuid: string, type = 'assistant') =>
    line(idOf(1), '', { type, uuid, isSidechain: true, agentId: 'a1b2', message: { role: type, content } });
  const path = join(agents, 'agent-a1b2.jsonl');
  await writeFile(path, said([{ type: 'text', text: 'the gooseberries are ripe' }], idOf(101)));
  await appendFile(join(folder, `${idOf(1)}.jsonl`), line(idOf(1), 'and goes on'));
  const search = async (q: string, more = '') => (await server.get(`/api/search?q=${q}${more}`)).hits;
  const [hit] = await until('what it said', async () => {
    const hits = await search('gooseberries');
    return hits.length ? hits : null;
  });
  expect(hit).toMatchObject({
    session_id: idOf(1),
    agent_id: 'a1b2',
    role: 'assistant',
    project: '/p/one.two',
    before: null,
  });
  // What it says later, while its session waits for it.
  await appendFile(
    path,
    said([{ type: 'tool_use', id: 't', name: 'Bash', input: { command: 'ls marmalade' } }], idOf(102)),
  );
  await until('what it did', async () => (await search('marmalade', '&project=one.two')).length === 1);
  expect(await listed(server)).toMatchObject([{ id: idOf(1), turns: 2 }]);
  expect(await server.get(`/api/hosts/local/sessions/${idOf(1).slice(0, 8)}`)).toMatchObject({
    id: idOf(1),
    first_message: 'asks a helper',
  });
  await rm(join(folder, idOf(1)), { recursive: true });
  await until('nothing of it', async () => (await search('gooseberries')).length === 0);
});

verifies('session.search', 'finds messages of a given time, however many came later', async () => {
  const server = await startTestServer();
  const folder = await folderOf(server);
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  const text = Array.from({ length: 1500 }, (_, minute) =>
    line(idOf(1), `gooseberry ${minute}`, { timestamp: at(minute) }),
  ).join('');
  await writeFile(join(folder, `${idOf(1)}.jsonl`), text);
  await listed(server);
  const excerpts = async (query: string) =>
    (await server.get(`/api/search?q=gooseberry&${query}`)).hits
      .map(({ excerpt }: { excerpt: string }) => excerpt)
      .toSorted();
  expect(await excerpts(`until=${at(1)}`)).toEqual(['gooseberry 0', 'gooseberry 1']);
  expect(await excerpts(`since=${at(700)}&until=${at(701)}`)).toEqual(['gooseberry 700', 'gooseberry 701']);
  expect(await excerpts(`since=${at(1499)}`)).toEqual(['gooseberry 1499']);
});
