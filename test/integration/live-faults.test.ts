import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { startClaudeServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, killProcessesOf, processesOf, type Workspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

/** A live process that does what the real one cannot be made to do, by the message. */
const program = `#!/usr/bin/env node
const { createInterface } = require('node:readline');
if (process.argv[2] !== '-p') { console.log('9.9.9 (Claude Code)'); process.exit(0); }
const say = (value) => process.stdout.write((typeof value === 'string' ? value : JSON.stringify(value)) + '\\n');
const session_id = process.argv[4];
const result = (uuid, text) => say({ type: 'result', subtype: 'success', is_error: false, result: text, session_id, num_turns: 1, total_cost_usd: 0, user_message_uuids: [uuid] });
createInterface({ input: process.stdin }).on('line', (line) => {
  const { type, request_id, request, uuid, message } = JSON.parse(line);
  if (type === 'control_request' && process.env.NEVER !== request.subtype) say({ type: 'control_response', response: { subtype: 'success', request_id, response: {} } });
  if (type !== 'user') return;
  const text = message.content;
  if (text === 'garbage') {
    for (const odd of ['not json', '{"type":12}', '[]', 'null', '{"type":"assistant"}', '{"type":"user","message":{"content":[null,7]}}', '{"type":"system","subtype":"task_started"}', '{"type":"control_response"}', '{"type":"control_cancel_request"}', '{"type":"command_lifecycle"}']) say(odd);
    result('00000000-0000-4000-8000-000000000000', 'for another message');
    result(uuid, 'right');
  } else if (text === 'cut') { process.stdout.write('{"type":"result","result":"half'); process.exit(0); }
  else if (text === 'split') {
    const whole = JSON.stringify({ type: 'result', is_error: false, result: 'gr\\u00fc\\u00df', session_id, user_message_uuids: [uuid] }) + '\\n';
    const bytes = Buffer.from(whole);
    let at = 0;
    const next = () => { process.stdout.write(bytes.subarray(at, at + 7)); at += 7; if (at < bytes.length) setTimeout(next, 2); };
    next();
  } else if (text === 'die') { process.stderr.write('the disk is on fire'); process.exit(3); }
  else if (text === 'ask') say({ type: 'control_request', request_id: 'odd', request: { subtype: 'can_use_tool' } });
  else if (text === 'hook') { say({ type: 'control_request', request_id: 'h1', request: { subtype: 'elicitation' } }); result(uuid, 'asked'); }
  else if (text !== 'silent') result(uuid, 'plain');
});
process.stdin.on('end', () => process.exit(0));
`;

async function writeProgram({ root }: Workspace): Promise<string> {
  const path = join(root, 'live-claude.cjs');
  await writeFile(path, program);
  await chmod(path, 0o755);
  return path;
}

const asking = { permission_mode: 'default' };

verifies(
  ['live.dead', 'agent.ends'],
  'survives garbage, cut and split lines, odd requests, and results for other messages',
  async () => {
    const workspace = await createWorkspace();
    const server = await startClaudeServer({
      workspace,
      env: { CLAUDE_BIN: await writeProgram(workspace), STALL_S: '1' },
    });
    // It writes no transcripts: what follows the end of a process is another conversation.
    const chat = (message: string, conv_id = 'a') => server.chat({ message, conv_id, ...asking });
    expect(await chat('garbage')).toMatchObject({ response: 'right' });
    expect(await chat('split')).toMatchObject({ response: 'grüß' });
    expect(await chat('hook')).toMatchObject({ response: 'asked' });
    expect(await chat('cut')).toMatchObject({ code: 'agent_failed', status: 502 });
    expect(await chat('die', 'b')).toMatchObject({ code: 'agent_failed', detail: 'the disk is on fire' });
    expect(await chat('silent', 'c')).toMatchObject({ code: 'agent_stalled', status: 504 });
    const { turn_id } = await server.accept('d', { message: 'ask', ...asking });
    const [prompt] = await server.prompts();
    expect(prompt).toMatchObject({ kind: 'permission', tool: '', input: {} });
    await server.cancel(turn_id);
    expect(await chat('fine', 'd')).toMatchObject({ response: 'plain' });
  },
);

verifies('live.cancel', 'ends a process that does not take an interrupt', async () => {
  const workspace = await createWorkspace();
  const server = await startClaudeServer({
    workspace,
    env: { CLAUDE_BIN: await writeProgram(workspace), NEVER: 'interrupt' },
  });
  const { turn_id } = await server.accept('a', { message: 'silent', ...asking });
  await until('the process', async () => (await processesOf(workspace)).length > 0);
  expect(await server.cancel(turn_id)).toMatchObject({ state: 'cancelled' });
  await until('no process', async () => (await processesOf(workspace)).length === 0);
  expect(await server.chat({ message: 'fine', conv_id: 'a', ...asking })).toMatchObject({
    response: 'plain',
  });
});

verifies(
  'live.dead',
  'reports what happened when the real process is killed at each stage, and continues',
  async () => {
    const server = await startClaudeServer({ env: { ALLOWED_TOOLS: 'Bash(node *)' } });
    await server.post('/api/conversations', { id: 'a', permission_mode: 'default' });
    const kill = async () => {
      await killProcessesOf(server.workspace);
      await until('no process', async () => (await processesOf(server.workspace)).length === 0);
    };
    await server.post('/api/conversations/a/warm', {});
    await kill();
    await until('the news', async () => !(await server.get('/api/conversations/a')).live);
    const stages: [message: string, isReached: (id: string) => Promise<unknown>][] = [
      ['[[first 20000ms]][[text never]]', () => server.api.waitFor('[[first 20000ms]]')],
      [
        '[[slow 100 20ms]]',
        (id) => until('words', async () => (await server.turn(id, 0)).text.includes('word3')),
      ],
      ['[[tool:Bash touch x]][[text never]]', () => server.prompts()],
      [
        '[[tool:Bash node -e "setTimeout(Number, 60000)"]][[text never]]',
        () =>
          until('the tool', async () => (await server.get('/api/conversations/a')).turn?.tools.length === 1),
      ],
    ];
    for (const [message, isReached] of stages) {
      const { turn_id } = await server.accept('a', { message });
      await isReached(turn_id);
      await kill();
      expect(await server.end(turn_id), message).toMatchObject({
        state: 'failed',
        error: { code: 'agent_killed' },
      });
      expect(await server.get('/api/prompts')).toEqual({ prompts: [] });
      expect((await server.chat({ message: 'next', conv_id: 'a' })).response, message).toBe('Echo: next');
    }
  },
);
