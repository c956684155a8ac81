import { randomUUID } from 'node:crypto';
import { asText } from '../../../transcript/plain-value.ts';
import { type AwakeTimer, awakeDelay, startAwakeTimer } from '../../../util/awake-timer.ts';
import type { Launch, ProcessRegistry } from '../../port.ts';
import { endProcessTree } from '../../process-tree.ts';
import { buildLiveArgv } from '../argv.ts';
import { createLineReader, type Line } from '../decoder.ts';
import { type AgentChild, type Exit, spawnCli } from '../spawn.ts';

/** How long a control request may take: some versions leave a malformed one without an answer. */
const requestMs = 10_000;

/** The CLI answers `initialize` about 0.3 s after its start; on a crowded machine later. */
const readyMs = 60_000;

/** How long a process may take to leave after its input has ended. */
const leaveMs = 5000;

/** A callback of the hook that runs before each tool; it may be answered a month later. */
const hook = { PreToolUse: [{ hookCallbackIds: ['before-tool'], timeout: 2_592_000 }] };

/** What the CLI asks of us. */
export type ControlRequest = { request_id: string; request: Record<string, unknown> & { subtype: string } };

/** The two-way line to a `claude -p --input-format stream-json` process. */
export type Channel = {
  readonly pid: number;
  /** Resolves with what it offers when it can take a message; rejects with AppError or what the process said when it ended. */
  readonly ready: Promise<Record<string, unknown>>;
  readonly exited: Promise<Exit>;
  /** Resolves when all that it said was read. */
  readonly closed: Promise<unknown>;
  stderr(): string;
  isAlive(): boolean;
  send(line: object): void;
  /** A control request with its answer. Rejects where it is refused, takes too long, or the process ends. */
  request(subtype: string, fields?: object): Promise<Record<string, unknown>>;
  respond(requestId: string, response: object): void;
  /** Ends it in good order: its input is closed, and it is killed only where it does not leave. */
  close(): Promise<void>;
  /** Ends it and all that it started. */
  kill(): Promise<void>;
};

/** Starts a live process. `onLine` gets every line but the control traffic, `onAsk` what it asks. */
export async function openChannel(deps: {
  binary: string;
  env: Readonly<Record<string, string>>;
  launch: Launch;
  /** The session does not exist yet. */
  isNew: boolean;
  notes: ProcessRegistry;
  isAnswered(): boolean;
  onLine(line: Line): void;
  onAsk(ask: ControlRequest): void;
  /** A line could not be handled; the process is of no more use. */
  onFault(error: unknown): void;
}): Promise<Channel> {
  const mark = `live-${randomUUID()}`;
  const reader = createLineReader();
  const waiting = new Map<
    string,
    { resolve(value: Record<string, unknown>): void; reject(error: Error): void; timer: AwakeTimer }
  >();
  let number = 0;
  let isAlive = true;

  function settle(response: Record<string, unknown>): void {
    const id = asText(response['request_id']);
    const own = waiting.get(id);
    if (!own) return;
    waiting.delete(id);
    own.timer.stop();
    if (response['subtype'] === 'success')
      own.resolve((response['response'] ?? {}) as Record<string, unknown>);
    else own.reject(new Error(asText(response['error'] ?? 'refused')));
  }

  function take(line: Line): void {
    if (line.type === 'control_response') settle((line['response'] ?? {}) as Record<string, unknown>);
    else if (line.type === 'control_request') takeAsk(line as unknown as ControlRequest);
    else deps.onLine(line);
  }

  function send(line: object): void {
    if (isAlive && own.child.stdin.writable) own.child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  function takeAsk(ask: ControlRequest): void {
    if (typeof ask.request?.subtype === 'string') deps.onAsk(ask);
    else
      send({
        type: 'control_response',
        response: { subtype: 'error', request_id: ask.request_id, error: 'the request has no subtype' },
      });
  }

  const own: AgentChild = await spawnCli({
    ...deps,
    argv: buildLiveArgv(deps.launch, deps.isNew),
    project: deps.launch.project,
    mark,
    onSpawn(child) {
      child.stdout.on('data', (chunk: Buffer) => {
        try {
          for (const line of reader.push(chunk)) take(line);
        } catch (error) {
          deps.onFault(error);
        }
      });
    },
  });
  const { child, pid } = own;
  child.once('exit', () => {
    isAlive = false;
  });
  const exited = own.exited.then((exit) => {
    // It may have ended before anybody listened.
    isAlive = false;
    for (const [id, { reject, timer }] of waiting) {
      timer.stop();
      waiting.delete(id);
      reject(new Error(own.stderr().trim() || 'the process ended'));
    }
    return exit;
  });

  function request(subtype: string, fields: object = {}, ms = requestMs): Promise<Record<string, unknown>> {
    if (!isAlive) return Promise.reject(new Error('the process ended'));
    number += 1;
    const id = `switchboard-${number}`;
    return new Promise((resolve, reject) => {
      const timer = startAwakeTimer(ms, () => {
        waiting.delete(id);
        reject(new Error(`no answer to ${subtype} within ${ms / 1000} s`));
      });
      waiting.set(id, { resolve, reject, timer });
      send({ type: 'control_request', request_id: id, request: { subtype, ...fields } });
      if (!isAlive) settle({ request_id: id, error: 'the process ended' });
    });
  }

  let ending: Promise<void> | null = null;
  const kill = () => {
    ending ??= endProcessTree(pid, mark, own.descendants).then(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    });
    return ending;
  };
  const ready = request('initialize', { hooks: hook }, readyMs);
  ready.catch(() => {}); // Who waits for it is told; nobody need.
  return {
    pid,
    ready,
    exited,
    closed: own.closed,
    stderr: own.stderr,
    isAlive: () => isAlive,
    send,
    request: (subtype, fields) => request(subtype, fields),
    respond: (requestId, response) =>
      send({ type: 'control_response', response: { subtype: 'success', request_id: requestId, response } }),
    async close() {
      child.stdin.end();
      const late = awakeDelay(leaveMs);
      await Promise.race([exited, late.over]);
      late.stop();
      await kill();
    },
    kill,
  };
}
