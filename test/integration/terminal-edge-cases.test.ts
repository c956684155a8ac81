import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { HistoryMessage } from '../../contract/message.ts';
import { startClaudeServer, type TestServer } from '../helper/server.ts';
import { isIdle, row, sessions, startTerminal, startWithTmux } from '../helper/terminal.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const type = (server: TestServer, id: string, message: string) =>
  server.post(`${sessions}/${id}/send`, { message });

const typed = async (server: TestServer, id: string): Promise<string[]> =>
  ((await server.get(`${sessions}/${id}/messages`)).messages as HistoryMessage[])
    .filter(({ role }) => role === 'user')
    .map(({ text }) => text);

verifies(
  'terminal.open',
  'types what is meant for Claude Code into it, whatever it looks like and whatever else is open beside it',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server);
    const pane = `=sb-${id}:`;
    const tmux = (...args: string[]) => server.tmux('-L', 'switchboard', ...args);
    // Somebody has split the window, and the other half is the active one.
    expect(tmux('split-window', '-t', pane, '-d', 'cat').status).toBe(0);
    expect(tmux('select-pane', '-t', `${pane}.1`).status).toBe(0);

    const sent = [
      '!touch never',
      'ends with a backslash \\',
      'one of three',
      'two of three',
      'three of three',
    ];
    for (const message of sent.slice(0, 2)) {
      // Somebody has scrolled back, which takes all keys.
      tmux('copy-mode', '-t', `${pane}.0`);
      expect((await type(server, id, message)).status).toBe(200);
      await until('it', async () => (await typed(server, id)).some((text) => text.trim() === message));
      await isIdle(server, id);
    }
    const answers = await Promise.all(sent.slice(2).map((message) => type(server, id, message)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    await until('all', async () => (await typed(server, id)).length === sent.length);
    await isIdle(server, id);
    expect((await typed(server, id)).map((text) => text.trim()).toSorted()).toEqual(sent.toSorted());
    expect(tmux('capture-pane', '-p', '-t', `${pane}.1`).stdout.trim()).toBe('');

    // Another server of ours, of another folder, on the same socket of tmux.
    const other = await startClaudeServer({ env: { TMUX_TMPDIR: server.folder } });
    const second = await startTerminal(other);
    const listed = async (one: TestServer) =>
      (await one.get(sessions)).sessions.map((session: { id: string }) => session.id);
    expect([await listed(server), await listed(other)]).toEqual([[id], [second.id]]);
    expect((await server.remove(`${sessions}/${second.id}`)).status).toBe(404);
    expect((await server.remove(`${sessions}?idle_s=0&busy=true`)).status).toBe(200);
    expect(await row(server, id)).toMatchObject({ state: 'ended' });
    expect(await row(other, second.id)).toMatchObject({ state: 'idle' });
  },
);

verifies(
  'terminal.open',
  'presses no key for what a message holds, also if the end of a paste is hidden in another',
  async () => {
    const server = await startWithTmux();
    const { id } = await startTerminal(server);
    const hostile: [message: string, typed: string][] = [
      ['A\x1b[20\x1b[201~1~\x1b!touch P\rB', 'A[20[201~1~!touch P\nB'],
      ['\x1b[\x1b[201~201~\r!touch P', '[[201~201~\n!touch P'],
      ['C\x9b201~\x03\x04\x1b\x1b', 'C201~'],
    ];
    for (const [message, text] of hostile) {
      expect((await type(server, id, message)).status).toBe(200);
      await until('it', async () => (await typed(server, id)).at(-1)?.trim() === text);
      await isIdle(server, id);
    }
    expect(existsSync(join(server.workspace.project, 'P'))).toBe(false);
    expect(await row(server, id)).toMatchObject({ state: 'idle' });
  },
);

verifies(
  'terminal.asks',
  "types nothing after a person's draft, and closes a terminal over a draft, a question and a paste",
  async () => {
    const server = await startWithTmux();
    const ended = async (id: string) => {
      expect((await server.remove(`${sessions}/${id}`)).status).toBe(200);
      const [record] = (await server.get(`/api/archive?session_id=${id}`)).records;
      expect(record).toMatchObject({ reason: 'killed' });
    };
    const begin = (id: string, text: string) =>
      server.tmux('-L', 'switchboard', 'send-keys', '-t', `=sb-${id}:`, '-l', text);

    const drafted = await startTerminal(server);
    begin(drafted.id, 'half a thought');
    const screen = async (id: string) => (await server.get(`${sessions}/${id}/terminal`)).text as string;
    await until('it', async () => (await screen(drafted.id)).includes('half a thought'));
    // Wherever in it the cursor stands: at its end, at its beginning, on an empty second line.
    const key = (...keys: string[]) =>
      server.tmux('-L', 'switchboard', 'send-keys', '-t', `=sb-${drafted.id}:`, ...keys);
    for (const keys of [[], ['C-a'], ['C-e', '\\', 'Enter']]) {
      if (keys.length) key(...keys);
      const refused = await type(server, drafted.id, 'mine');
      expect([keys, refused.status, (await refused.json()).code]).toEqual([keys, 409, 'terminal_waits']);
    }
    await server.patch(`${sessions}/${drafted.id}`, { title: 'mine as well' });
    await ended(drafted.id);
    // Neither was sent: not the draft with the /exit, nor what came behind it.
    expect(
      server.api.received.flatMap(({ texts }) => texts).filter((text) => /half a thought|mine/.test(text)),
    ).toEqual([]);

    const asking = await startTerminal(server);
    await type(server, asking.id, '[[tool:Bash touch never]][[text done]]');
    await server.prompts();
    await until('the question', async () => (await row(server, asking.id)).state === 'waiting');
    await ended(asking.id);
    expect((await server.get('/api/prompts')).prompts).toEqual([]);
  },
);

verifies(
  'terminal.messages',
  'loses no message whose terminal ends before it is typed, and types none that was cancelled',
  async () => {
    const server = await startWithTmux({ MAX_CONCURRENT_TURNS: '1' });
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'first' });
    expect((await server.post('/api/conversations/a/attach', { messages: 'terminal' })).status).toBe(201);
    const keys = (...args: string[]) =>
      server.tmux('-L', 'switchboard', 'send-keys', '-t', `=sb-${id}:`, ...args);
    const screen = async () => (await server.get(`${sessions}/${id}/terminal`)).text as string;

    keys('-l', 'half a thought');
    await until('it', async () => (await screen()).includes('half a thought'));
    // The time of a message begins when it is typed.
    const begun = Date.now();
    const patient = await server.accept('a', { message: 'waits behind a draft', timeout_s: 5 });
    await until('more than its time', () => Date.now() - begun > 5500);
    keys('C-u');
    expect(await server.end(patient.turn_id)).toMatchObject({
      state: 'completed',
      text: 'Echo: waits behind a draft',
    });
    await isIdle(server, id);
    keys('-l', 'half a thought');
    await until('it', async () => (await screen()).includes('half a thought'));
    const cancelled = await server.accept('a', { message: 'cancelled behind a draft' });
    await until('its turn', async () => (await server.turn(cancelled.turn_id, 0)).state === 'running');
    await server.cancel(cancelled.turn_id);
    expect((await server.end(cancelled.turn_id)).state).toBe('cancelled');
    keys('C-u');

    // It is on the screen for a third of a second before it is sent. On a busy machine the cancel comes
    // after that, so the model must not answer first.
    const short = await server.accept('a', { message: 'cancelled at the last moment [[hang]]' });
    await until('its paste', async () => (await screen()).includes('cancelled at the last moment'));
    await server.cancel(short.turn_id);
    expect((await server.end(short.turn_id)).state).toBe('cancelled');

    // 200 KB take a second and more to be typed in.
    const long = await server.accept('a', { message: `long ${'0123456789'.repeat(20_000)} [[hang]]` });
    await until('its paste', async () => (await screen()).includes('[Pasted text'));
    await server.cancel(long.turn_id);
    expect((await server.end(long.turn_id)).state).toBe('cancelled');
    await isIdle(server, id);
    // Nothing of it is left in the box.
    expect(await server.chat({ conv_id: 'a', message: 'next' })).toMatchObject({ response: 'Echo: next' });

    keys('-l', 'another thought');
    await until('it', async () => (await screen()).includes('another thought'));
    const kept = await server.accept('a', { message: 'its terminal is gone' });
    await until('its turn', async () => (await server.turn(kept.turn_id, 0)).state === 'running');
    // It takes no place of another one meanwhile.
    expect(await server.chat({ conv_id: 'b', message: 'beside it' })).toMatchObject({
      response: 'Echo: beside it',
    });
    server.tmux('-L', 'switchboard', 'kill-session', '-t', `=sb-${id}`);
    expect(await server.end(kept.turn_id)).toMatchObject({
      state: 'completed',
      text: 'Echo: its terminal is gone',
    });
    expect(await typed(server, id)).not.toContain('cancelled behind a draft');
  },
);

verifies(
  'terminal.messages',
  'follows /clear in a terminal to the new session, whoever typed it',
  async () => {
    const server = await startWithTmux();
    const { session_id: first } = await server.chat({ conv_id: 'a', message: 'first' });
    expect((await server.post('/api/conversations/a/attach', {})).status).toBe(201);
    const kept = await server.accept('a', { message: 'kept' });
    const sessionOf = async () => (await server.get('/api/conversations/a')).session_id as string;
    await type(server, first, '/clear');
    const second = await until('the new session', async () => {
      const now = await sessionOf();
      return now !== first && now;
    });
    expect(await server.get('/api/conversations/a')).toMatchObject({ at_desk: true });
    expect((await server.turn(kept.turn_id, 0)).state).toBe('queued');
    await type(server, second, 'said after it');
    await until('it', async () => (await typed(server, second)).includes('said after it'));
    await isIdle(server, second);
    expect((await server.patch('/api/conversations/a', { terminal_messages: 'terminal' })).status).toBe(200);
    expect(await server.end(kept.turn_id)).toMatchObject({ state: 'completed', text: 'Echo: kept' });
    expect((await server.chat({ conv_id: 'a', message: '/clear' })).success).toBe(true);
    const third = await until('a third session', async () => {
      const now = await sessionOf();
      return ![first, second].includes(now) && now;
    });
    // One that waits behind a person's own /clear is typed where they are then.
    const { name } = (await row(server, third)).terminal as { name: string };
    const keys = (...args: string[]) =>
      server.tmux('-L', 'switchboard', 'send-keys', '-t', `=${name}:`, ...args);
    keys('-l', '/clear');
    await until('it', async () =>
      (await server.get(`${sessions}/${third}/terminal`)).text.includes('❯ /clear'),
    );
    const follows = await server.accept('a', { message: 'behind it' });
    await until('its turn', async () => (await server.turn(follows.turn_id, 0)).state === 'running');
    keys('Enter');
    expect(await server.end(follows.turn_id)).toMatchObject({ state: 'completed', text: 'Echo: behind it' });
    expect([first, second, third]).not.toContain(await sessionOf());
    expect((await server.messages('a')).messages.map(({ text }: { text: string }) => text)).toContain(
      'Echo: behind it',
    );
    expect((await server.post('/api/conversations/a/detach', {})).status).toBe(200);
    expect(await server.chat({ conv_id: 'a', message: 'on the phone' })).toMatchObject({
      response: 'Echo: on the phone',
      session_id: await sessionOf(),
    });
  },
);

verifies(
  'terminal.messages',
  'closes a dialog that a message has opened, where nobody could answer it',
  async () => {
    const server = await startWithTmux();
    await server.chat({ conv_id: 'a', message: 'first' });
    expect((await server.post('/api/conversations/a/attach', { messages: 'terminal' })).status).toBe(201);
    expect(await server.chat({ conv_id: 'a', message: '/model' })).toMatchObject({
      code: 'command_refused',
      detail: expect.stringContaining('/model opens a dialog'),
    });
    expect(await server.chat({ conv_id: 'a', message: 'next' })).toMatchObject({ response: 'Echo: next' });
  },
);

verifies('terminal.open', 'opens a session once, however many requests arrive at a time', async () => {
  const server = await startWithTmux();
  const { session_id: id } = await server.chat({ conv_id: 'a', message: 'first' });
  const answers = await Promise.all([1, 2, 3].map(() => server.post(`${sessions}/${id}/resume`, {})));
  const told = await Promise.all(answers.map(async (one) => [one.status, (await one.json()).code]));
  expect(told.filter(([status]) => status === 201)).toHaveLength(1);
  expect(told.filter(([, code]) => code === 'session_busy')).toHaveLength(2);
  expect(server.tmux('-L', 'switchboard', 'list-panes', '-a').stdout.trim().split('\n')).toHaveLength(1);
});

verifies(
  'terminal.messages',
  'leaves a conversation with its session where /resume leads its terminal to an older one',
  async () => {
    const server = await startWithTmux();
    const { session_id: older } = await server.chat({ conv_id: 'b', message: 'the older one' });
    const { session_id: own } = await server.chat({ conv_id: 'a', message: 'its own' });
    expect((await server.post('/api/conversations/a/attach', {})).status).toBe(201);
    await type(server, own, `/resume ${older}`);
    await until('the other session', async () => (await server.get('/api/conversations/b')).at_desk);
    expect(await server.get('/api/conversations/a')).toMatchObject({ session_id: own, at_desk: false });
    expect(await server.chat({ conv_id: 'a', message: 'on the phone' })).toMatchObject({
      session_id: own,
      response: 'Echo: on the phone',
    });
    expect((await server.accept('b', { message: 'kept' })).state).toBe('queued');
  },
);

verifies(
  'terminal.open',
  'opens a terminal in a folder of any name, with what a project brings, and arguments as they are',
  async () => {
    const server = await startWithTmux();
    // tmux replaces #D in a folder's name, runs #(…), and begins another command behind a semicolon.
    const project = join(server.workspace.root, 'C#D #(touch ran);');
    await mkdir(project);
    // The CLI asks whether these may be started before it is there.
    await writeFile(
      join(project, '.mcp.json'),
      JSON.stringify({ mcpServers: { none: { command: 'false', args: [] } } }),
    );
    const { id, project: own } = await startTerminal(server, {
      project,
      args: ['--append-system-prompt', 'Be brief;'],
    });
    expect(own).toBe(project);
    await type(server, id, 'hello');
    const asked = await until('it', () => server.api.received.find(({ texts }) => texts.includes('hello')));
    expect(JSON.stringify(asked.body)).toContain('Be brief;');
  },
);

verifies(
  'terminal.handover',
  'opens in a terminal what is made free for that, and lets nothing begin in it meanwhile',
  async () => {
    const server = await startWithTmux();
    const { session_id: id } = await server.chat({ conv_id: 'a', message: 'first' });
    const running = await server.accept('a', { message: '[[slow 300 100ms]]' });
    const queued = await server.accept('a', { message: 'waits' });
    await until('its work', async () =>
      server.api.received.some(({ texts }) => texts.includes('[[slow 300 100ms]]')),
    );
    const refused = await server.post('/api/conversations/a/attach', {});
    expect([refused.status, (await refused.json()).code]).toEqual([409, 'conversation_busy']);
    const opening = server.post('/api/conversations/a/attach', { interrupt: true });
    const late = await server.accept('a', { message: 'comes meanwhile' });
    expect((await opening).status).toBe(201);
    expect((await server.end(running.turn_id)).state).toBe('cancelled');
    for (const { turn_id } of [queued, late]) expect((await server.turn(turn_id, 0)).state).toBe('queued');
    expect((await server.patch('/api/conversations/a', { desk_messages: 'terminal' })).status).toBe(200);
    for (const [turn, message] of [
      [queued, 'waits'],
      [late, 'comes meanwhile'],
    ] as const)
      expect(await server.end(turn.turn_id)).toMatchObject({ state: 'completed', text: `Echo: ${message}` });
    expect(await row(server, id)).toMatchObject({ state: 'idle' });

    // A failure in the terminal is not an answer.
    const failed = await server.chat({ conv_id: 'a', message: '[[error 529]]' });
    expect(failed).toMatchObject({
      success: false,
      code: 'model_overloaded',
      detail: expect.stringContaining('529'),
    });
  },
);
