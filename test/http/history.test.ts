import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

/** The transcript of the only session of a workspace. */
function transcriptOf({ workspace }: TestServer): string {
  const projects = join(workspace.home, '.claude', 'projects');
  const folder = join(projects, readdirSync(projects)[0] ?? '');
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.jsonl')) ?? '');
}

type Shown = {
  role: string;
  text: string;
  kind?: string;
  parts: { type: string; name?: string; output?: string }[];
};
const textsOf = (messages: Shown[]) => messages.map((message) => message.text);

verifies('history.chain', 'follows the active branch, and skips truncated and foreign lines', async () => {
  const server = await startTestServer();
  await server.chat({ message: 'one' });
  const file = transcriptOf(server);
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const user = JSON.parse(lines.find((line) => line.includes('"type":"user"')) ?? '{}');
  const branch = [
    {
      ...user,
      uuid: '00000000-0000-4000-8000-000000000001',
      parentUuid: user.uuid,
      message: { role: 'user', content: 'a branch that was left' },
    },
    {
      ...user,
      uuid: '00000000-0000-4000-8000-000000000002',
      isSidechain: true,
      message: { role: 'user', content: 'of a sub-agent' },
    },
  ];
  const assistant = lines.findIndex((line) => line.includes('"type":"assistant"'));
  // The CLI escapes half of a surrogate pair, which strict JSON parsers refuse: clients get a replacement
  // character.
  lines[assistant] = lines[assistant]?.replace('Echo: one', 'Echo: one \\ud800 alone') ?? '';
  lines.splice(
    assistant,
    0,
    ...branch.map((entry) => JSON.stringify(entry)),
    'not json at all',
    '{"type":"user","uuid":',
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  appendFileSync(file, '{"type":"assistant","uuid":"cut off in the mid');
  const { messages } = await server.messages('default');
  expect(textsOf(messages)).toEqual(['one', 'Echo: one \ufffd alone']);
  await server.chat({ message: 'two \ud83d\ude00' });
  expect(textsOf((await server.messages('default')).messages)).toEqual([
    'one',
    'Echo: one \ufffd alone',
    'two 😀',
    'Echo: two 😀',
  ]);
});

verifies('history.page', 'pages backwards without gaps or duplicates, each page within 256 KB', async () => {
  const server = await startTestServer();
  for (let i = 0; i < 4; i += 1)
    await server.chat({ message: `[[text before ${i}]][[tool:Bash ls]][[text after ${i}]]` });
  const whole = (await server.messages('default', '?limit=500')) as { messages: (Shown & { id: string })[] };
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { messages: { id: string }[]; before: string | null } = await server.messages(
      'default',
      `?limit=2${cursor ? `&before=${cursor}` : ''}`,
    );
    ids.unshift(...page.messages.map((message) => message.id));
    cursor = page.before;
  } while (cursor);
  expect(ids).toEqual(whole.messages.map((message) => message.id));
  await server.chat({ message: '[[len 60000]]' });
  await server.chat({ message: '[[len 90000]]' });
  const newest = (await server.messages('default', '?limit=30')) as { messages: Shown[] };
  expect(newest.messages.at(-1)?.text).toHaveLength(90_000);
  await server.chat({ message: `${'ünï '.repeat(100_000)}end`, conv_id: 'default' });
  await server.chat({ message: '[[len 400000]]', conv_id: 'default' });
  const response = await server.send('/api/conversations/default/messages?limit=500');
  const text = await response.text();
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(256 * 1024);
  expect(JSON.parse(text).messages.at(-1).parts[0].clipped).toBe(true);
});
