import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Repair } from '../../contract/repair.ts';
import { findTranscript } from '../../server/transcript-file/paths.ts';
import { runBare } from '../helper/plain-claude.ts';
import { startClaudeServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const sessions = '/api/hosts/local/sessions';
const repair = async (server: TestServer, id: string, dry_run: boolean): Promise<Repair> =>
  (await server.post(`${sessions}/${id}/repair`, { dry_run })).json();

const transcriptOf = async ({ workspace }: TestServer, id: string) =>
  (await findTranscript(`${workspace.home}/.claude`, id, workspace.project)) as string;

/** What the model gets when a session is continued. */
async function given(server: TestServer, sessionId: string): Promise<string> {
  const message = `go on with ${sessionId}`;
  await server.post('/api/conversations', { id: sessionId, session_id: sessionId });
  expect(await server.chat({ conv_id: sessionId, message })).toMatchObject({
    success: true,
    session_id: sessionId,
  });
  return JSON.stringify(server.api.received.find(({ texts }) => texts.includes(message))?.body.messages);
}

verifies('session.repair', 'restores what two processes wrote to one session at the same time', async () => {
  const server = await startClaudeServer({ env: { LIVE_PROCESSES: '0' } });
  const { session_id: id } = await server.chat({ conv_id: 'a', message: 'where it began' });
  const beside = (message: string) => runBare(server, ['-p', '--resume', id], message);
  await Promise.all([
    beside('[[first 600ms]][[text answer of the left]]'),
    beside('[[first 700ms]][[text answer of the right]]'),
  ]);
  const path = await transcriptOf(server, id);
  const before = await readFile(path, 'utf8');
  const found = await repair(server, id, true);
  expect(found).toMatchObject({ id, sound: false, copy: null, lost_branches: [{ why: 'two_writers' }] });
  expect(found.loses[0]).toContain('written by another process at the same time');
  const { copy } = await repair(server, id, false);
  expect(await readFile(path, 'utf8')).toBe(before);
  expect(copy?.project).toBe(server.workspace.project);
  expect(await repair(server, String(copy?.session_id), true)).toMatchObject({
    sound: true,
    lost_branches: [],
    loses: [],
  });
  const whole = await given(server, String(copy?.session_id));
  for (const text of ['where it began', 'answer of the left', 'answer of the right'])
    expect(whole).toContain(text);
});

const isCall = (line: string) => line.includes('"type":"tool_use"') && line.includes('"type":"assistant"');

verifies(
  'session.repair',
  'joins the parts around a truncated line, and answers calls that never ended',
  async () => {
    const server = await startClaudeServer({ env: { LIVE_PROCESSES: '0', ALLOWED_TOOLS: 'Bash' } });
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'the first word' });
    await server.chat({ conv_id: 'a', message: 'the second word' });
    await server.accept('a', { message: '[[tool:Bash tail -f /dev/null]]', follow: true });
    const path = await transcriptOf(server, id);
    await until('the call', async () => (await readFile(path, 'utf8')).split('\n').some(isCall));
    await server.server.dispose({ graceS: 0 });
    const next = await server.restart();
    const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean);
    const call = lines.findIndex(isCall);
    const answer = lines.findIndex((line) => line.includes('Echo: the first word'));
    expect([call, answer].every((at) => at > 0)).toBe(true);
    // As a crash in the middle of two writes leaves it.
    const torn = lines.slice(0, call + 1).map((line, at) => (at === answer ? line.slice(0, 60) : line));
    await writeFile(path, `${torn.join('\n')}\n{"parentUuid":"half of a li`);
    const found = await repair(next, id, false);
    expect(found).toMatchObject({
      sound: false,
      open_calls: [{ tool: 'Bash', command: 'tail -f /dev/null' }],
    });
    expect(found.cut_lines.map(({ line }) => line)).toEqual([answer + 1, torn.length + 1]);
    expect(found.lost_branches).toMatchObject([{ why: 'cut', first: 'the first word' }]);
    const whole = await given(next, String(found.copy?.session_id));
    for (const text of ['the first word', 'the second word', 'There is no result'])
      expect(whole).toContain(text);
    expect((await next.post(`${sessions}/00000000-0000-4000-8000-000000000000/repair`, {})).status).toBe(404);
  },
);
