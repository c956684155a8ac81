import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ChangeAnnouncer } from '../../../../server/conversation/change-announcer.ts';
import { createActiveTurn } from '../../../../server/conversation/state.ts';
import { runTurn } from '../../../../server/conversation/turn/run.ts';
import { openEventStream } from '../../../../server/http/event-stream.ts';
import { createTerminalSocket, type TerminalSocketDeps } from '../../../../server/http/terminal-socket.ts';
import { watchTranscripts } from '../../../../server/session-index/watcher.ts';
import { followTerminal } from '../../../../server/terminal/tmux-control.ts';
import { keepTunnel } from '../../../../server/tunnel/reconnect.ts';
import { startThread } from '../../../../server/util/thread.ts';
import { until } from '../../../helper/until.ts';
import { verifies } from '../../../requirement/verifies.ts';

const injected = new Error('injected');
const fail = (): never => {
  throw injected;
};

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-contain-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A turn whose run says one thing and then works for ever, unless it is stopped. */
async function runOnce(inject: () => void) {
  const warn = vi.fn();
  const stop = vi.fn(async () => {});
  const turn = {
    id: 'turn-1',
    conv_id: 'c',
    options: {},
    state: 'running',
    started_at: null,
    created_at: '',
    session_id: 's',
  };
  const active = createActiveTurn(turn as never);
  const prompts = { ask: async () => {}, listOfTurn: () => inject() ?? [] };
  const transcripts = {
    readTextSince: async () => '',
    keepsAnswer: async () => true,
    lacksBeginning: async () => false,
  };
  const deps = {
    agent: { transcripts },
    journal: { append: inject },
    prompts,
    warn,
    now: () => new Date(),
    onWaiting: () => {},
  };
  const answer = {
    kind: 'answer',
    response: 'fine',
    sessionId: 's',
    usage: {},
    totalCost: 0,
    durationMs: 1,
    contextWindow: null,
  };
  let say = (_kind: 'text' | 'ask') => {};
  const start = async (onOutput: (output: never) => void) => {
    let end = (_value: unknown) => {};
    const ended = new Promise((resolve) => {
      end = resolve;
    });
    say = (kind) => {
      const prompt = {
        id: 'p',
        kind: 'permission',
        tool: 'Bash',
        input: {},
        reason: null,
        parent_tool_id: null,
      };
      const { signal } = new AbortController();
      onOutput(
        (kind === 'text'
          ? { type: 'text', text: 'x' }
          : { type: 'prompt.asked', prompt, respond: () => true, signal }) as never,
      );
      if (kind === 'text') end(answer);
    };
    return {
      started: Promise.resolve(),
      end: ended,
      exited: Promise.resolve(),
      stop,
      steer: null,
    };
  };
  const running = runTurn(
    active,
    { spec: { project: '/p', sessionId: 's' }, timeoutS: 60, start } as never,
    deps as never,
  );
  await until('the run', () => active.run);
  return { say, running, warn, stop };
}

verifies(
  'machine.contained',
  'a fault in what the output of an agent causes ends its turn as `internal`, and no other',
  async () => {
    for (const kind of ['text', 'ask'] as const) {
      const broken = await runOnce(fail);
      const other = await runOnce(() => {});
      expect(() => broken.say(kind)).not.toThrow();
      other.say('text');
      expect((await broken.running).turnEnd, kind).toMatchObject({
        state: 'failed',
        error: { code: 'internal' },
      });
      expect(broken.warn).toHaveBeenCalledWith(injected, expect.stringContaining('turn-1'));
      expect(broken.stop).toHaveBeenCalled();
      expect((await other.running).turnEnd).toMatchObject({ state: 'completed', text: 'fine' });
    }
  },
);

verifies(
  'machine.contained',
  'a conversation that cannot be announced does not block the others',
  async () => {
    let isBroken = true;
    const append = vi.fn();
    const warn = vi.fn();
    const announcer = new ChangeAnnouncer({
      journal: { append } as never,
      summarize: (id) => (isBroken && id === 'a' ? fail() : null),
      warn,
      now: () => new Date(),
    });
    const told = (id: string) => append.mock.calls.some(([[event]]) => event.conv_id === id);
    announcer.announce('a');
    announcer.announce('b');
    await until('the other', () => told('b'));
    expect(warn).toHaveBeenCalledWith(injected, expect.stringContaining('conversation a'));
    isBroken = false;
    announcer.announce('a');
    await until('the next time', () => told('a'));
  },
);

verifies('machine.contained', 'a keep-alive that cannot be written drops that reader alone', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const write = vi.fn();
  const response = {
    status: () => response,
    set: () => response,
    flushHeaders: () => {},
    once: () => {},
    write,
    destroy: vi.fn(),
  };
  openEventStream(response as never);
  write.mockImplementation(fail);
  vi.advanceTimersByTime(20_000);
  expect(response.destroy).toHaveBeenCalledWith(injected);
});

/** An HTTP server with terminals of which each part can be made to fail. */
async function startTerminals(faults: Set<string>) {
  const at = (name: string) => faults.has(name) && fail();
  const warn = vi.fn();
  const written: string[] = [];
  const disposed = vi.fn();
  const follow = async (_id: string, on: { onData(bytes: Buffer): void }) => {
    at('follow');
    setImmediate(() => on.onData(Buffer.from('screen')));
    return {
      write(bytes: Buffer) {
        at('message');
        written.push(String(bytes));
      },
      resize: () => {},
      dispose() {
        at('close');
        disposed();
      },
    };
  };
  const socket = createTerminalSocket({
    hosts: new Map([['local', { follow }]]),
    tickets: { redeem: () => ({ host: 'local', sessionId: 'abc', credentialId: null }) },
    guard: { isOurs: () => !at('upgrade'), isForeign: () => false },
    openResponses: { addSocket: () => at('connection') },
    isKnown: () => true,
    warn,
  } as unknown as TerminalSocketDeps);
  const server: Server = createServer();
  socket.listen(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    socket.dispose();
    await new Promise((resolve) => server.close(resolve));
  });
  const open = () => {
    const client = new WebSocket(
      `ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/hosts/local/sessions/abc/terminal?ticket=x`,
    );
    client.on('error', () => {});
    return client;
  };
  return { open, warn, written, disposed };
}

verifies(
  'machine.contained',
  'a fault in any handler of a WebSocket closes that socket, and the next one works',
  async () => {
    const faults = new Set<string>();
    const { open, warn, written, disposed } = await startTerminals(faults);
    for (const name of ['upgrade', 'follow', 'message', 'close', 'connection']) {
      warn.mockClear();
      faults.add(name);
      const client = open();
      if (name === 'upgrade') {
        const [, response] = await once(client, 'unexpected-response');
        expect(response.statusCode).toBe(500);
        response.resume();
      } else {
        const closed = once(client, 'close');
        if (name === 'message') client.once('message', () => client.send(Buffer.from('typed')));
        if (name === 'close') client.once('message', () => client.close());
        await closed;
      }
      await until(`the log of ${name}`, () => warn.mock.calls.some(([error]) => error === injected));
      client.terminate();
      faults.clear();
      const next = open();
      await once(next, 'message');
      next.send(Buffer.from(`after ${name}`));
      await until('what is typed next', () => written.includes(`after ${name}`));
      const before = disposed.mock.calls.length;
      next.close();
      await until('its end', () => disposed.mock.calls.length > before);
    }
  },
);

verifies(
  'machine.contained',
  'a notice of a changed file that cannot be handled is logged once, and the next one works',
  async () => {
    const home = await tempFolder();
    const project = join(home, 'projects', 'p');
    await mkdir(project, { recursive: true });
    let isBroken = true;
    const changed: string[] = [];
    const fault = vi.fn();
    const on = { changed: (path: string) => (isBroken ? fail() : changed.push(path)), lost: () => {}, fault };
    const watching = watchTranscripts(home, on, [project]);
    onTestFinished(() => watching.dispose());
    const first = join(project, 'a');
    await until('the fault', async () => {
      await writeFile(first, String(Math.random()));
      return fault.mock.calls.length > 0;
    });
    isBroken = false;
    await until('the next one', async () => {
      await writeFile(first, String(Math.random()));
      return changed.includes(first);
    });
    expect(fault).toHaveBeenCalledExactlyOnceWith(injected);
  },
);

verifies(
  'machine.contained',
  'a folder that the system does not watch is logged once, and is polled',
  async () => {
    const home = await tempFolder();
    await symlink(join(home, 'projects'), join(home, 'projects'));
    const fault = vi.fn();
    const watching = watchTranscripts(home, { changed: () => {}, lost: () => {}, fault });
    onTestFinished(() => watching.dispose());
    watching.ensure();
    expect(fault).toHaveBeenCalledOnce();
    expect(watching.isComplete()).toBe(false);
    await rm(join(home, 'projects'));
    await mkdir(join(home, 'projects'));
    watching.ensure();
    expect(watching.isComplete()).toBe(true);
  },
);

verifies(
  'machine.contained',
  'a message of a thread that cannot be handled, and a thread that throws, fail that thread alone',
  async () => {
    const folder = await tempFolder();
    const [talks, throws] = [join(folder, 'talks.mjs'), join(folder, 'throws.mjs')];
    await writeFile(
      talks,
      `import { parentPort } from 'node:worker_threads'; parentPort.postMessage('hello'); parentPort.close();`,
    );
    await writeFile(throws, `throw new Error('in the thread');`);
    const start = (file: string, message: () => void) =>
      new Promise<Error>((resolve) => startThread(file, {}, { message, failed: resolve }));
    expect(await start(talks, fail)).toBe(injected);
    expect((await start(throws, () => {})).message).toBe('in the thread');
    await new Promise<void>((resolve) => startThread(talks, {}, { message: () => resolve(), failed: fail }));
  },
);

verifies('machine.contained', 'what tmux says and cannot be handled ends that view', async () => {
  const folder = await tempFolder();
  const screen = '%session-changed $0 x\n%begin 1 1 1\nscreen\n%end 1 1 1\n%begin 2 2 1\n0,0,0\n%end 2 2 1\n';
  await writeFile(join(folder, 'screen'), screen);
  await writeFile(join(folder, 'tmux'), `#!/bin/sh\ncat ${join(folder, 'screen')} -\n`, { mode: 0o755 });
  const env = { PATH: `${folder}${delimiter}${process.env['PATH']}` };
  const view = (data: (bytes: Buffer) => void) =>
    new Promise<string>((resolve) => {
      const shown = (bytes: Buffer) => {
        data(bytes);
        resolve('shown');
        followed.dispose();
      };
      const followed = followTerminal(
        { args: [], env, session: 'x', pane: '%0' },
        { onData: shown, onEnd: () => resolve('ended') },
      );
    });
  expect(await view(fail)).toBe('ended');
  expect(await view(() => {})).toBe('shown');
});

verifies('machine.contained', 'a tunnel survives a handler that throws on its messages', async () => {
  const warn = vi.fn();
  const connect = vi
    .fn()
    .mockImplementationOnce(fail)
    .mockResolvedValue({ url: 'https://x', lost: new Promise(() => {}), close: async () => {} });
  const provider = { kind: 'ngrok', connect } as never;
  const tunnel = keepTunnel({ provider, onChange: fail, warn, backoff: { first: 1, last: 1 } });
  tunnel.open('x');
  onTestFinished(() => tunnel.dispose());
  await until('the tunnel', () => tunnel.status().state === 'open');
  expect(warn).toHaveBeenCalledWith(injected, expect.stringContaining('tunnel'));
});
