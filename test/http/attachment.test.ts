import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { basic } from '../helper/client.ts';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const base64 = (text: string) => Buffer.from(text).toString('base64');

verifies(
  'attachment.model',
  'gives images, PDFs and texts to the model, and other files to the project',
  async () => {
    const server = await startTestServer();
    const attachments = [
      { name: 'dot.png', media_type: 'image/png', data: png },
      { name: 'notes ü.md', data: base64('# notes of the day') },
      {
        name: 'paper.pdf',
        media_type: 'application/pdf',
        data: base64('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF'),
      },
      { name: 'data.bin', data: Buffer.from([1, 2, 3, 0]).toString('base64') },
      { name: 'data.bin', data: Buffer.from([4, 5, 6, 0]).toString('base64') },
    ];
    const answer = await server.chat({ message: 'look', conv_id: 'a', attachments });
    expect(answer.success).toBe(true);
    const sent = JSON.stringify(server.api.received.at(-1)?.body);
    expect(sent).toContain('"media_type":"image/png"');
    expect(sent).toContain('# notes of the day');
    expect(sent).toContain('"media_type":"application/pdf"');
    const folder = join('.switchboard', 'uploads', answer.turn_id);
    expect(sent).toContain(join(folder, '2-data.bin'));
    expect([...readFileSync(join(server.workspace.project, folder, 'data.bin'))]).toEqual([1, 2, 3, 0]);
    expect((await server.turn(answer.turn_id, 0)).attachments).toHaveLength(5);
    const { messages } = await server.messages('a');
    expect(messages[0].parts.map(({ type }: { type: string }) => type)).toEqual([
      'attachment',
      'attachment',
      'attachment',
      'text',
    ]);
  },
);

verifies(
  'attachment.model',
  'takes files as multipart, keeps them over a restart, and changes those of a queued message',
  async () => {
    const server = await startTestServer();
    const first = await server.accept('a', { message: '[[hang]]' });
    await server.api.waitFor('[[hang]]');
    const form = new FormData();
    form.set('message', 'from a form');
    form.set('literal', 'true');
    form.append('attachments', new Blob([Buffer.from(png, 'base64')], { type: 'image/png' }), 'dot.png');
    const response = await fetch(`${server.url}/api/conversations/a/turns`, {
      method: 'POST',
      body: form,
      headers: { authorization: basic },
    });
    expect(response.status).toBe(202);
    const { turn_id } = (await response.json()) as { turn_id: string };
    const changed = await server.patch(`/api/turns/${turn_id}`, {
      attachments: [{ name: 'other.txt', data: base64('the other text') }],
    });
    expect(await changed.json()).toMatchObject({
      attachments: [{ name: 'other.txt', media_type: 'text/plain', bytes: 14 }],
    });
    const again = await server.restart();
    expect((await again.end(turn_id)).state).toBe('completed');
    expect((await again.turn(first.turn_id, 0)).state).toBe('interrupted');
    const sent = JSON.stringify(server.api.received.at(-1)?.body);
    expect(sent).toContain('the other text');
    expect(sent).not.toContain('image/png');
  },
);

verifies('attachment.bad', 'refuses files with a wrong type, size or name, naming them', async () => {
  const server = await startTestServer();
  const send = async (attachment: object) => {
    const response = await server.post('/api/chat', { message: 'x', attachments: [attachment] });
    const { code, detail } = (await response.json()) as { code: string; detail: string };
    return [response.status, code, detail];
  };
  const big = Buffer.alloc(5_000_001);
  Buffer.from(png, 'base64').copy(big);
  const cases: [attachment: object, status: number, words: string][] = [
    [{ name: 'fake.png', media_type: 'image/png', data: base64('no image at all') }, 415, 'fake.png'],
    [
      { name: 'text.txt', media_type: 'text/plain', data: Buffer.from([0, 1, 2]).toString('base64') },
      415,
      'text.txt',
    ],
    [{ name: '../up.txt', data: base64('x') }, 415, '../up.txt'],
    [{ name: 'empty.txt', data: '' }, 415, 'empty.txt'],
    [{ name: 'big.png', data: big.toString('base64') }, 413, 'big.png'],
    [{ name: 'huge.bin', data: Buffer.alloc(20_000_001).toString('base64') }, 413, 'huge.bin'],
  ];
  for (const [attachment, status, words] of cases) {
    const [got, code, detail] = await send(attachment);
    expect([got, code]).toEqual([status, status === 413 ? 'attachment_too_large' : 'attachment_refused']);
    expect(detail).toContain(words);
  }
  expect(
    (await server.post('/api/chat', { message: 'x', attachments: [{ name: 'a', data: '!!' }] })).status,
  ).toBe(400);
  expect((await server.get('/api/conversations')).total).toBe(0);
});
