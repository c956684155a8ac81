import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { readUntil } from '../helper/event-reader.ts';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { folderOf, idOf, listed } from '../helper/transcript.ts';
import { verifies } from '../requirement/verifies.ts';

/** Sends a text as a JSON body, whether it is JSON or not. */
const sendText = (
  server: TestServer,
  path: string,
  body: string,
  method = 'POST',
  type = 'application/json',
) => server.send(path, { method, body, headers: { 'content-type': type } });

verifies(
  'input.bounded',
  'refuses JSON that is nested too deeply or holds too much, wherever it comes in',
  async () => {
    const server = await startTestServer();
    await server.post('/api/conversations', { id: 'a' });
    const shapes: Record<string, (n: number) => string> = {
      arrays: (n) => '['.repeat(n) + ']'.repeat(n),
      objects: (n) => `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`,
      both: (n) => `${'[{"a":'.repeat(n)}1${'}]'.repeat(n)}`,
      'brackets in texts before it': (n) => `["]]]]\\"]]]",${'['.repeat(n)}${']'.repeat(n)}]`,
      'open ends': (n) => '['.repeat(n),
      keys: (n) => `{${Array.from({ length: n }, (_, key) => `"k${key}":1`).join()}}`,
      values: (n) => `[${'1,'.repeat(n)}1]`,
    };
    const bodies: [path: string, method: string, toBody: (json: string) => string][] = [
      ['/api/chat', 'POST', (json) => `{"message":"x","json_schema":{"a":${json}}}`],
      ['/api/chat', 'POST', (json) => json],
      ['/api/conversations/a/turns', 'POST', (json) => `{"message":"x","unknown":${json}}`],
      ['/api/conversations/a', 'PATCH', (json) => `{"title":${json}}`],
      ['/api/prompts/none', 'POST', (json) => `{"decision":"allow","updated_input":{"a":${json}}}`],
      ['/api/login', 'POST', (json) => `{"username":${json}}`],
    ];
    for (const [path, method, toBody] of bodies) {
      for (const [name, make] of Object.entries(shapes)) {
        const count = path === '/api/login' ? 500 : 100_000;
        if (count === 500 && (name === 'keys' || name === 'values')) continue;
        const response = await sendText(server, path, toBody(make(count)), method);
        const problem = await response.json();
        expect(response.status, `${path} ${name}: ${problem.detail}`).toBe(400);
        expect(problem.code).toMatch(/^invalid_/);
      }
    }
    const form = (fields: Record<string, string>) => {
      const data = new FormData();
      for (const [key, value] of Object.entries(fields)) data.append(key, value);
      return server.send('/api/chat', { method: 'POST', body: data });
    };
    for (const name of ['json', 'json_schema', 'literal']) {
      const response = await form({ message: 'x', [name]: shapes['objects']?.(100_000) ?? '' });
      expect(await response.json(), name).toMatchObject({ status: 400, field: name });
    }
    expect((await form({ json: '["x"]' })).status).toBe(400);
    // The same bytes in another charset would be read as something else by what counts brackets.
    const wide = Buffer.from(`{"message":"Ģ","a":${shapes['arrays']?.(100_000)}}`, 'utf16le');
    expect(
      (
        await server.send('/api/chat', {
          method: 'POST',
          body: wide,
          headers: { 'content-type': 'application/json; charset=utf-16le' },
        })
      ).status,
    ).toBe(400);
    // What people really send is far from the limits.
    const schema = JSON.parse(`${'{"type":"object","properties":{"a":'.repeat(20)}{}${'}}'.repeat(20)}`);
    expect(await server.chat({ message: 'hello', json_schema: schema })).toMatchObject({ success: true });
  },
);

const half = '\\ud83d';

/**
 * jq and other strict parsers refuse an escaped half of a surrogate pair; JSON.stringify escapes nothing else
 * here.
 */
const expectWellFormed = (json: string, what: string) =>
  expect(JSON.stringify(JSON.parse(json)), what).not.toMatch(/(?<!\\)(\\\\)*\\ud[89a-f]/);

verifies(
  'input.text',
  'lets every strict JSON parser read what it was sent as half of a character',
  async () => {
    const server = await startTestServer();
    const sent: [path: string, method: string, body: string][] = [
      ['/api/conversations', 'POST', `{"id":"a","title":"x${half}y"}`],
      ['/api/conversations/a', 'PATCH', `{"title":"\\ude00 two ${half}","allowed_tools":"a${half}"}`],
      ['/api/tokens', 'POST', `{"label":"${half}"}`],
      ['/api/conversations/a/turns', 'POST', `{"message":"say ${half} and \\\\ud83d"}`],
      [
        '/api/chat',
        'POST',
        `{"message":"x","conv_id":"b","attachments":[{"name":"${half}.txt","data":"YQ=="}]}`,
      ],
      [
        '/api/push/devices',
        'POST',
        `{"kind":"webhook","label":"${half}","url":"https://203.0.114.1/${half}"}`,
      ],
      ['/api/conversations', 'POST', `{"id":"${half}"}`],
      ['/api/prompts/none', 'POST', `{"decision":"deny","message":"${half}"}`],
      ['/api/nowhere', 'POST', `{"a${half}":1}`],
    ];
    for (const [path, method, body] of sent) {
      const response = await sendText(server, path, body, method);
      expect(response.status, path).toBeLessThan(500);
      expectWellFormed(await response.text(), path);
    }
    expect((await server.get('/api/conversations/a')).title).toBe('\ufffd two \ufffd');
    const paths = [
      'conversations',
      'conversations/a',
      'conversations/a/messages',
      'sessions',
      'credentials',
      'push',
      'audit',
      'archive',
      'hosts/local/sessions',
    ];
    for (const path of [...paths, 'events?after=0&wait_s=0', 'conversations/a/export?format=json']) {
      expectWellFormed(await (await server.send(`/api/${path}`)).text(), path);
    }
  },
);

verifies('input.text', 'repairs text from transcripts and programs in responses', async () => {
  const server = await startTestServer();
  const folder = await folderOf(server);
  const id = idOf(7);
  const message = (role: string, text: string) =>
    `{"role":"${role}","id":"m","content":[{"type":"text","text":"${text}"}]}`;
  const rest = `"sessionId":"${id}","cwd":"${server.workspace.project}","timestamp":"2026-01-01T00:00:00.000Z"`;
  await appendFile(
    join(folder, `${id}.jsonl`),
    `{"type":"user","uuid":"${idOf(8)}","parentUuid":null,${rest},"message":${message('user', `half ${half} a`)}}\n` +
      `{"type":"assistant","uuid":"${idOf(9)}","parentUuid":"${idOf(8)}",${rest},"message":${message('assistant', `and \\\\${half}`)}}\n`,
  );
  await listed(server);
  for (const path of ['', `/${id}`, `/${id}/messages`]) {
    const text = await (await server.send(`/api/hosts/local/sessions${path}`)).text();
    expect(text).toContain('half \ufffd a');
    expectWellFormed(text, path);
  }
  // A model can say it too: in the answer, in the events and in the history.
  await server.chat({ message: `[[text emoji 😀 and half \ud83d here]]`, conv_id: 'said' });
  const seen = await readUntil(
    await server.send('/api/events?after=0'),
    ({ type }) => type === 'turn.completed',
  );
  expectWellFormed(JSON.stringify(seen), 'events');
  expect(JSON.stringify(seen)).toContain('😀');
});

verifies('input.text', 'refuses NUL in stored text, naming the field', async () => {
  const server = await startTestServer();
  await server.post('/api/conversations', { id: 'a' });
  const cases: [path: string, method: string, body: object, field: string][] = [
    ['/api/conversations', 'POST', { title: 'a\0b' }, 'title'],
    ['/api/conversations/a', 'PATCH', { title: '\0' }, 'title'],
    ['/api/conversations/a', 'PATCH', { allowed_tools: 'Bash\0' }, 'allowed_tools'],
    ['/api/tokens', 'POST', { label: 'a\0' }, 'label'],
    [
      '/api/chat',
      'POST',
      { message: 'x', attachments: [{ name: 'a\0.txt', data: 'YQ==' }] },
      'attachments.0.name',
    ],
    ['/api/chat', 'POST', { message: 'x', project: '/tmp\0' }, 'project'],
    ['/api/chat', 'POST', { message: 'x', conv_id: 'a\0' }, 'conv_id'],
    ['/api/prompts/none', 'POST', { decision: 'allow', answers: { a: '\0' } }, 'answers.a'],
    ['/api/hosts/local/sessions', 'POST', { project: '/', name: 'a\0' }, 'name'],
  ];
  for (const [path, method, body, field] of cases) {
    const response = await sendText(server, path, JSON.stringify(body), method);
    expect(await response.json(), path).toMatchObject({ status: 400, field, code: 'invalid_request' });
  }
  expect(await server.get('/api/search?q=a%00b')).toMatchObject({ status: 400, field: 'q' });
  expect(await server.get('/api/conversations?q=%00')).toMatchObject({ status: 400, field: 'q' });
});

verifies(
  'input.place',
  'resets the conversation that is named, in the address or in the body, and no other',
  async () => {
    const server = await startTestServer();
    const named = ['default', 'mine', 'other'];
    for (const conv_id of named) await server.chat({ message: 'hello', conv_id });
    const sessionOf = async (id: string) => (await server.get(`/api/conversations/${id}`)).session_id;
    expect(await (await server.post('/api/reset', { conv_id: 'mine' })).json()).toMatchObject({
      conv_id: 'mine',
    });
    expect([await sessionOf('default'), await sessionOf('mine')]).toEqual([expect.any(String), null]);
    expect(await (await server.post('/api/reset?conv_id=other', { conv_id: 'other' })).json()).toMatchObject({
      conv_id: 'other',
    });
    expect(
      await (await server.post('/api/reset?conv_id=other', { conv_id: 'default' })).json(),
    ).toMatchObject({ status: 400, field: 'conv_id' });
    expect(await (await server.post('/api/reset', { conv_id: 'nobody' })).json()).toMatchObject({
      code: 'conversation_not_found',
    });
    expect(await (await server.post('/api/reset?conv_id=nobody', undefined)).json()).toMatchObject({
      code: 'conversation_not_found',
    });
    expect(await sessionOf('default')).toEqual(expect.any(String));
    expect((await server.post('/api/reset', { conv_id: null })).status).toBe(200);
    expect(await sessionOf('default')).toBeNull();
  },
);

verifies('input.place', 'refuses a field that is in the wrong part of a request', async () => {
  const server = await startTestServer();
  await server.post('/api/conversations', { id: 'mine' });
  const refused: [method: string, path: string, body: object | undefined, field: string][] = [
    ['POST', '/api/chat?conv_id=mine', { message: 'x' }, 'conv_id'],
    ['POST', '/api/chat?stream=true', { message: 'x' }, 'stream'],
    ['POST', '/api/conversations?id=new', {}, 'id'],
    ['PATCH', '/api/conversations/mine?archived=true', {}, 'archived'],
    ['POST', '/api/logout/all?tokens=true', {}, 'tokens'],
    ['DELETE', '/api/hosts/local/sessions?idle_s=0', { busy: true }, 'busy'],
  ];
  for (const [method, path, body, field] of refused) {
    const response = await sendText(server, path, JSON.stringify(body), method);
    expect(await response.json(), path).toMatchObject({ status: 400, field });
  }
});
