import { randomUUID } from 'node:crypto';
import { awakeDelay } from '../../../util/awake-timer.ts';
import type { Started } from '../../../util/child-process.ts';
import { createDeferred } from '../../../util/deferred.ts';
import type { Launch, ProcessRegistry } from '../../port.ts';
import { endProcessTree } from '../../process-tree.ts';
import { buildLiveArgv } from '../argv.ts';
import { createLineReader } from '../line-reader.ts';
import type { CliInput, CliLine, ControlRequestLine, ControlResponseLine } from '../protocol.ts';
import { type AgentChild, type Exit, spawnCli } from '../spawn.ts';
import { type ControlAnswer, ControlRequests } from './control-requests.ts';

/** The CLI answers `initialize` about 0.3 s after its start; on a busy machine later. */
const readyMs = 60_000;

/** How long a process may take to exit after its input has ended. */
const leaveMs = 5000;

/** A callback of the hook that runs before each tool; it may be answered a month later. */
const hooks = { PreToolUse: [{ hookCallbackIds: ['before-tool'], timeout: 2_592_000 }] };

const endedMessage = 'the process ended';

export type ChannelHandlers = {
  /** Receives every line except control traffic. */
  onLine(line: Exclude<CliLine, ControlRequestLine | ControlResponseLine>): void;
  onRequest(line: ControlRequestLine): void;
  /** A line could not be handled, or a stream broke: the process cannot be used any more. */
  onFault(error: unknown): void;
  /** Whether everything that the process was asked was answered. */
  isAnswered(): boolean;
};

export type ChannelLaunch = {
  binary: string;
  env: Readonly<Record<string, string>>;
  launch: Launch;
  /** The session does not exist yet. */
  isNew: boolean;
  notes: ProcessRegistry;
};

/** The two-way connection to a `claude -p --input-format stream-json` process. */
export class Channel {
  readonly #handlers: ChannelHandlers;
  readonly #spawnTag = `live-${randomUUID()}`;
  readonly #reader = createLineReader();
  readonly #requests = new ControlRequests((line) => this.send(line));
  readonly #ready = createDeferred<ControlAnswer>();
  readonly #exited = createDeferred<Exit>();
  readonly #closed = createDeferred<Exit>();
  #child: Started | null = null;
  #agentChild: AgentChild | null = null;
  #isAlive = false;
  #ending: Promise<void> | null = null;

  constructor(handlers: ChannelHandlers) {
    this.#handlers = handlers;
    // Callers of `ready` see the rejection; it must not be unhandled if there is none.
    this.#ready.promise.catch(() => {});
  }

  /** Starts the process. Throws AppError if it cannot start. */
  async open({ launch, isNew, ...options }: ChannelLaunch): Promise<void> {
    this.#agentChild = await spawnCli({
      ...options,
      argv: buildLiveArgv(launch, isNew),
      project: launch.project,
      spawnTag: this.#spawnTag,
      isAnswered: this.#handlers.isAnswered,
      onSpawn: (child) => this.#listen(child),
      onBrokenStream: this.#handlers.onFault,
    });
    void this.#agentChild.closed.then(this.#closed.resolve);
    void this.#agentChild.exited.then((exit) => {
      this.#requests.rejectAll(this.stderr().trim() || endedMessage);
      this.#exited.resolve(exit);
    });
    // Also if it has ended already: then the answer is what it said, once that is read.
    this.#requests.request('initialize', { hooks }, readyMs).then(this.#ready.resolve, this.#ready.reject);
  }

  get pid(): number {
    return this.#agentChild?.pid ?? 0;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Resolves with what the process offers when it can accept a message; rejects with what it said when it ended. */
  get ready(): Promise<ControlAnswer> {
    return this.#ready.promise;
  }

  get exited(): Promise<Exit> {
    return this.#exited.promise;
  }

  /** Resolves when all of its output was read. */
  get closed(): Promise<Exit> {
    return this.#closed.promise;
  }

  stderr(): string {
    return this.#agentChild?.stderr() ?? '';
  }

  send(line: CliInput): void {
    if (this.#isAlive && this.#child?.stdin.writable) this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /** Sends a control request. Rejects if it is refused, takes too long, or the process ends. */
  request(subtype: string, fields: object = {}): Promise<ControlAnswer> {
    if (!this.#isAlive) return Promise.reject(new Error(endedMessage));
    return this.#requests.request(subtype, fields);
  }

  respond(requestId: string, response: object): void {
    this.send({
      type: 'control_response',
      response: { subtype: 'success', request_id: requestId, response },
    });
  }

  respondError(requestId: string, error: string): void {
    this.send({ type: 'control_response', response: { subtype: 'error', request_id: requestId, error } });
  }

  /** Closes its input, and kills it if it does not exit. */
  async close(): Promise<void> {
    this.#child?.stdin.end();
    const timeout = awakeDelay(leaveMs);
    await Promise.race([this.exited, timeout.over]);
    timeout.stop();
    await this.kill();
  }

  /** Ends the process and everything that it started. */
  kill(): Promise<void> {
    this.#ending ??= this.#endProcessTree();
    return this.#ending;
  }

  async #endProcessTree(): Promise<void> {
    if (!this.#agentChild) return;
    const { child, pid, descendants } = this.#agentChild;
    await endProcessTree(pid, this.#spawnTag, descendants);
    child.stdout.destroy();
    child.stderr.destroy();
  }

  #listen(child: Started): void {
    this.#child = child;
    this.#isAlive = true;
    child.once('exit', () => {
      this.#isAlive = false;
    });
    child.stdout.on('data', (chunk: Buffer) => {
      try {
        for (const line of this.#reader.push(chunk)) this.#handleLine(line);
      } catch (error) {
        this.#handlers.onFault(error);
      }
    });
  }

  #handleLine(line: CliLine): void {
    if (line.type === 'control_response') this.#requests.settle(line);
    else if (line.type === 'control_request') this.#handlers.onRequest(line);
    else this.#handlers.onLine(line);
  }
}
