import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

const asking = { permission_mode: 'default' };
verifies('prompt.audit', 'records who decided what, when and from where, across a restart', async () => {
  const server = await startTestServer();
  const { token } = (await (await server.post('/api/tokens', { label: 'laptop' })).json()) as {
    token: string;
  };
  await server.accept('a', { message: '[[tool:Bash touch x1]][[text done]]', ...asking });
  const [prompt] = await server.prompts();
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  await server.send(`/api/prompts/${prompt?.id}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ decision: 'deny', message: 'no' }),
  });
  await server.end(prompt?.turn_id as string);
  const again = await server.restart();
  const { entries } = await again.get('/api/audit');
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({
    action: 'prompt.denied',
    actor: 'token laptop',
    address: '127.0.0.1',
    conv_id: 'a',
    turn_id: prompt?.turn_id,
    tool: 'Bash',
    detail: '{"message":"no"}',
  });
  expect(entries[0].input).toContain('touch x1');
});

verifies('prompt.rules', 'remembers for the conversation, lists, and revokes', async () => {
  const server = await startTestServer();
  const send = (id: string, name: string) =>
    server.accept(id, { message: `[[tool:Bash touch ${name}]][[text done]]`, ...asking });
  await send('a', 'x1');
  const [prompt] = await server.prompts();
  const remember = { for: 'conversation', command: 'touch' };
  const wide = await server.answer(prompt?.id as string, {
    decision: 'allow',
    remember: { for: 'conversation', command: 'rm' },
  });
  expect(wide.status).toBe(400);
  const { rule } = (await (
    await server.answer(prompt?.id as string, { decision: 'allow', remember })
  ).json()) as { rule: { id: string } };
  expect((await server.get('/api/rules')).rules).toMatchObject([
    { id: rule.id, tool: 'Bash', conv_id: 'a', match: { command: 'touch', exact: false } },
  ]);
  await server.end(prompt?.turn_id as string);
  const second = await send('a', 'x2');
  expect((await server.end(second.turn_id)).state).toBe('completed');
  const { entries } = await server.get('/api/audit?limit=1');
  expect(entries[0]).toMatchObject({ action: 'rule.used', rule_id: rule.id });
  await send('b', 'x3');
  const [other] = await server.prompts();
  expect(other?.conv_id).toBe('b');
  await server.cancel(other?.turn_id as string);
  expect((await server.remove(`/api/rules/${rule.id}`)).status).toBe(200);
  expect((await server.remove(`/api/rules/${rule.id}`)).status).toBe(404);
  await send('a', 'x4');
  expect((await server.prompts())[0]?.conv_id).toBe('a');
  await server.cancel((await server.prompts())[0]?.turn_id as string);
});

verifies(
  'prompt.obeyed',
  'asks again for obeyed files and paths behind links, although a rule holds for the folder',
  async () => {
    const server = await startTestServer();
    const { project, root } = server.workspace;
    mkdirSync(join(project, 'meta', 'objects'), { recursive: true });
    writeFileSync(join(project, 'meta', 'HEAD'), 'ref: refs/heads/main');
    mkdirSync(join(root, 'outside'));
    symlinkSync(join(root, 'outside'), join(project, 'link'));
    const write = (file: string) =>
      server.accept('a', { message: `[[tool:Write ${file} words]][[text done]]`, ...asking });
    await write('first.txt');
    const [prompt] = await server.prompts();
    expect(prompt?.offers).toEqual([{ folder: project }]);
    await server.answer(prompt?.id as string, {
      decision: 'allow',
      remember: { for: 'always', folder: project },
    });
    await server.end(prompt?.turn_id as string);
    expect((await server.end((await write('second.txt')).turn_id)).state).toBe('completed');

    for (const file of [
      '.claude/settings.json',
      '.git/config',
      '.Git./config',
      '.mcp.json',
      'CLAUDE.md',
      'meta/config',
      'link/x',
      'package.json',
    ]) {
      const { turn_id } = await write(file);
      const [asked] = await server.prompts();
      const risk = file.startsWith('link') ? 'outside of the project' : 'obeys';
      expect(asked?.risks.join(), file).toContain(risk);
      expect(asked?.offers, file).toEqual([]);
      // Nor does a rule that is made for it by API reach further.
      const wide = await server.answer(asked?.id as string, {
        decision: 'allow',
        remember: { for: 'always', folder: project },
      });
      expect(wide.status, file).toBe(400);
      await server.answer(asked?.id as string, { decision: 'allow', remember: 'always' });
      await server.end(turn_id);
    }
    const exact = (await server.get('/api/rules')).rules.filter(
      ({ match }: { match: { by: string } }) => match.by === 'input',
    );
    expect(exact).toHaveLength(7);
  },
);

verifies('prompt.offers', 'marks a rule that allows anything, and offers none', async () => {
  const server = await startTestServer();
  const ask = async (command: string, remember: object) => {
    const { turn_id } = await server.accept('a', {
      message: `[[tool:Bash ${command}]][[text done]]`,
      ...asking,
    });
    const [prompt] = await server.prompts();
    const answer = await server.answer(prompt?.id as string, { decision: 'allow', remember });
    await server.end(turn_id);
    return { offers: prompt?.offers, rule: (await answer.json()).rule };
  };
  const wide = await ask('bash -c id', { for: 'always', command: 'bash' });
  expect(wide).toMatchObject({ offers: [], rule: { allows_anything: true } });
  const narrow = await ask('touch made', { for: 'always', command: 'touch' });
  expect(narrow).toMatchObject({ offers: [{ command: 'touch' }], rule: { allows_anything: false } });
  expect((await server.get('/api/rules')).rules).toMatchObject([
    { allows_anything: true },
    { allows_anything: false },
  ]);
});
