import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

type Place = { binary: string; cwd: string; env: Record<string, string> };

function spawnClaude({ binary, cwd, env }: Place, args: readonly string[]) {
  return spawn(binary, ['-p', ...args], { cwd, env, stdio: ['pipe', 'pipe', 'ignore'] });
}

/** Runs the bare CLI until it exits, or until `isEnough` returns true for its output. */
export async function runBareClaude(
  place: Place,
  args: readonly string[],
  message: string,
  isEnough?: (output: string) => boolean,
): Promise<void> {
  const child = spawnClaude(place, args);
  child.stdin.end(message);
  let output = '';
  const enough = new Promise<void>((resolve) =>
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (isEnough?.(output)) resolve();
    }),
  );
  await Promise.race([enough, once(child, 'close')]);
}

const liveArgs = [
  ...['--input-format', 'stream-json', '--output-format', 'stream-json'],
  ...['--verbose', '--include-partial-messages'],
  ...['--permission-prompt-tool', 'stdio', '--permission-mode', 'acceptEdits'],
];

/** A bare process that is kept open, like the live processes of the server: the floor of live turns. */
export class BareProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #output = '';
  #onOutput = () => {};

  private constructor(place: Place) {
    const env = { ...place.env, CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1' };
    this.#child = spawnClaude({ ...place, env }, liveArgs);
    this.#exited = once(this.#child, 'exit');
    this.#child.stdout?.on('data', (chunk) => {
      this.#output += chunk;
      this.#onOutput();
    });
  }

  static async open(place: Place): Promise<BareProcess> {
    const bare = new BareProcess(place);
    bare.#send({ type: 'control_request', request_id: 'init', request: { subtype: 'initialize' } });
    await bare.#waitFor('control_response');
    return bare;
  }

  #send(line: object): void {
    this.#child.stdin?.write(`${JSON.stringify(line)}\n`);
  }

  #waitFor(text: string): Promise<void> {
    return new Promise((resolve) => {
      this.#onOutput = () => {
        if (this.#output.includes(text)) resolve();
      };
      this.#onOutput();
    });
  }

  /** Sends a message and resolves when the output after it contains `text`. */
  async runTurn(message: string, text: string): Promise<void> {
    this.#output = '';
    this.#send({ type: 'user', message: { role: 'user', content: message }, parent_tool_use_id: null });
    await this.#waitFor(text);
  }

  waitUntilIdle(): Promise<void> {
    return this.#waitFor('"state":"idle"');
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#exited;
  }
}
