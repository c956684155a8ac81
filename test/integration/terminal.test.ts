import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCli } from '../helper/cli.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { startClaudeServer } from '../helper/server.ts';
import { isIdle, row, said, sessions, startTerminal, startWithTmux } from '../helper/terminal.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

verifies(
  'terminal.open',
  'starts Claude Code in a terminal, types into it byte for byte, reads its screen, and ends it',
  async () => {
    const server = await startWithTmux();
    const begun = await startTerminal(server, { name: 'at the desk' });
    expect(begun).toMatchObject({
      state: 'idle',
      kind: 'interactive',
      project: server.workspace.project,
      turns: 0,
    });
    // No message was sent in it, so it has no transcript yet.
    expect(await server.get(`${sessions}/${begun.id}/diagnose`)).toMatchObject({
      reason: 'live',
      state: 'idle',
      last_message: null,
    });
    expect(begun.terminal?.command).toBe(`tmux -L switchboard attach -t '=sb-${begun.id}'`);
    const { id } = begun;
    const hard = '-n --version\n/not a command\n$(touch x) `y` "quotes" \\ ü 日本';
    const sent = await server.post(`${sessions}/${id}/send`, { message: hard });
    expect(sent.status).toBe(200);
    await until('the answer', async () => (await said(server, id)).includes('Echo: -n --version'));
    const { messages } = await server.get(`${sessions}/${id}/messages`);
    expect(messages.find(({ role }: { role: string }) => role === 'user').text).toBe(hard);
    const long = `long ${'0123456789'.repeat(20_000)} end`;
    await isIdle(server, id);
    const pasted = await server.post(`${sessions}/${id}/send`, { message: long });
    expect([pasted.status, (await pasted.json()).detail]).toEqual([200, undefined]);
    await until('the long one', async () =>
      server.api.received.some(({ texts }) => texts.some((text) => text.includes(long))),
    );
    expect((await server.get(`${sessions}/${id}/terminal`)).text).toContain('0123456789');
    await isIdle(server, id);
    expect(await server.get(`${sessions}?state=idle`)).toMatchObject({ sessions: [{ id }] });
    const cli = (...args: string[]) => runCli(server.workspace, args);
    expect((await cli('screen', id.slice(0, 8))).out).toContain('0123456789');
    expect((await cli('attach', id)).out).toBe(`${begun.terminal?.command}\n`);
    expect((await cli('type', id, 'typed by the command')).code).toBe(0);
    await until('its answer', async () => (await said(server, id)).includes('Echo: typed by the command'));
    await isIdle(server, id);
    expect((await cli('kill', id)).out).toBe(`${id}\n`);
    expect(await row(server, id)).toMatchObject({ state: 'ended', terminal: null });
    await until('the index', async () => (await row(server, id)).turns === 3);
    expect((await cli('resume', '-q', id)).out).toBe(`${id}\n`);
    expect((await cli('kill', id)).code).toBe(0);
    expect((await (await server.post(`${sessions}/${id}/send`, { message: 'x' })).json()).code).toBe(
      'terminal_not_ours',
    );
  },
);

verifies(
  'terminal.asks',
  'asks for permission unless told otherwise, types nothing into a question, and is interrupted',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server);
    await server.post(`${sessions}/${id}/send`, { message: '[[tool:Bash touch never]][[text done]]' });
    const waiting = await until('the question', async () => {
      const now = await row(server, id);
      return now.state === 'waiting' && now;
    });
    expect(waiting.waiting_for).toMatch(/permission/);
    const refused = await server.post(`${sessions}/${id}/send`, { message: '1' });
    expect([refused.status, (await refused.json()).code]).toEqual([409, 'terminal_waits']);
    // Keys that come in the first half second of a question are passed over by the CLI.
    await until(
      'the end',
      async () => (await (await server.post(`${sessions}/${id}/interrupt`, {})).json()).state === 'idle',
    );
    expect(await said(server, id)).not.toContain('"text":"done"');
  },
);

verifies(
  'terminal.writer',
  'continues a conversation in a terminal as the only writer, and returns it',
  async () => {
    const server = await startWithTmux();
    const first = await server.chat({ conv_id: 'a', message: 'said on the phone' });
    const id = first.session_id;
    const opened = await server.post(`${sessions}/${id.slice(0, 8)}/resume`, {});
    expect(opened.status).toBe(201);
    expect(await opened.json()).toMatchObject({ id, state: 'idle', conv_id: 'a' });
    const beside = await server.accept('a', { message: 'beside it' });
    expect(beside.state).toBe('queued');
    expect((await (await server.post(`${sessions}/${id}/resume`, {})).json()).code).toBe('session_busy');
    await server.post(`${sessions}/${id}/send`, { message: 'said at the desk' });
    await until('the answer', async () => (await said(server, id)).includes('Echo: said at the desk'));
    await isIdle(server, id);
    expect((await server.turn(beside.turn_id, 0)).state).toBe('queued');
    await server.remove(`${sessions}/${id}`);
    expect((await server.end(beside.turn_id)).state).toBe('completed');
    const running = await server.accept('a', { message: '[[slow 100 100ms]]', follow: true });
    await until('its words', async () =>
      (await server.get('/api/conversations/a')).turn?.text.includes('word2'),
    );
    expect((await (await server.post('/api/conversations/a/attach', {})).json()).code).toBe(
      'conversation_busy',
    );
    expect((await server.post('/api/conversations/a/attach', { interrupt: true })).status).toBe(201);
    expect((await server.end(running.turn_id)).state).toBe('cancelled');
    expect(await (await server.post('/api/conversations/a/detach', {})).json()).toEqual({
      id: 'a',
      session_id: id,
    });
    const again = await server.chat({ conv_id: 'a', message: 'on the phone again' });
    expect(again.session_id).toBe(id);
    const { messages } = await server.messages('a');
    expect(
      messages
        .filter(({ role }: { role: string }) => role === 'user')
        .map(({ text }: { text: string }) => text),
    ).toEqual([
      'said on the phone',
      'said at the desk',
      'beside it',
      '[[slow 100 100ms]]',
      'on the phone again',
    ]);
  },
);

verifies(
  'terminal.open',
  'reports why a terminal failed to start, and touches no other terminals',
  async () => {
    const server = await startWithTmux({ CLAUDE_BIN: 'false' });
    const failed = async (body: object) => {
      const response = await server.post(sessions, { project: server.workspace.project, ...body });
      return [response.status, (await response.json()).code];
    };
    // In a separate tmux, on our socket under another name, and one whose name begins like ours.
    server.tmux('new-session', '-d', '-s', 'sb-own', 'sleep', '60');
    server.tmux('-L', 'switchboard', '-f', '/dev/null', 'new-session', '-d', '-s', 'work', 'sleep', '60');
    expect(await failed({})).toEqual([502, 'terminal_failed']);
    expect(await failed({ project: join(server.workspace.root, 'nowhere') })).toEqual([
      422,
      'project_not_found',
    ]);
    expect(await failed({ project: '/etc' })).toEqual([403, 'project_not_allowed']);
    expect(await failed({ name: '-x' })).toEqual([400, 'invalid_request']);
    for (const path of ['terminal', 'send', 'interrupt']) {
      const id = 'work';
      const response =
        path === 'terminal'
          ? await server.send(`${sessions}/${id}/terminal`)
          : await server.post(`${sessions}/${id}/${path}`, { message: 'x' });
      expect(response.status).toBe(400);
    }
    expect(server.tmux('has-session', '-t', '=sb-own').status).toBe(0);
    expect(server.tmux('-L', 'switchboard', 'has-session', '-t', '=work').status).toBe(0);
    // One that asks something before it is ready, which is not visible to anyone.
    const asking = await writeFakeClaude(server.workspace, '');
    await writeFile(
      asking,
      '#!/bin/sh\necho "Do you accept the new terms?"; echo "Enter to confirm"; exec sleep 60\n',
    );
    const asks = await startWithTmux({ CLAUDE_BIN: asking });
    const told = await (await asks.post(sessions, { project: asks.workspace.project })).json();
    expect([told.code, told.detail]).toEqual([
      'terminal_failed',
      expect.stringMatching(/asks something first.*new terms/),
    ]);
    expect(asks.tmux('-L', 'switchboard', 'list-panes', '-a').stdout).toBe('');
    const nowhere = await startWithTmux({ CLAUDE_BIN: '/nowhere/claude' });
    expect((await (await nowhere.post(sessions, { project: nowhere.workspace.project })).json()).code).toBe(
      'agent_not_found',
    );
    const signedOut = await startWithTmux({ ANTHROPIC_API_KEY: '' });
    expect(
      (await (await signedOut.post(sessions, { project: signedOut.workspace.project })).json()).code,
    ).toBe('not_logged_in');
    const bare = join(server.workspace.root, 'bin');
    await mkdir(bare);
    const without = await startClaudeServer({ env: { PATH: bare } });
    expect((await (await without.post(sessions, { project: without.workspace.project })).json()).code).toBe(
      'tmux_not_found',
    );
  },
);
