import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Client, createClient } from './client.ts';
import { packageRoot } from './server.ts';
import type { Workspace } from './workspace.ts';

export type ServerProcess = Client & {
  url: string;
  child: ChildProcess;
  /** What it printed on both outputs so far. */
  output(): string;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  stop(): Promise<number | null>;
};

/** `uid` is a user other than that of the tests; `maxFiles` how many descriptors it may have. */
type StartOptions = {
  args?: readonly string[];
  uid?: number;
  nodeArgs?: readonly string[];
  maxFiles?: number;
  /** Where its log goes; by default it is read here. */
  stderr?: number;
};

/** Starts the built server as a process and waits for its address. Rejects with its output if it ends. */
export async function startServerProcess(
  workspace: Workspace,
  env: Record<string, string>,
  root = packageRoot,
  { args = [], uid, nodeArgs = [], maxFiles, stderr }: StartOptions = {},
): Promise<ServerProcess> {
  const command = [process.execPath, ...nodeArgs, join(root, 'dist/server/main.js'), ...args];
  const limited = ['sh', '-c', `ulimit -n ${maxFiles}; exec "$@"`, 'sh', ...command];
  const [program = '', ...rest] = maxFiles === undefined ? command : limited;
  const child = spawn(program, rest, {
    cwd: workspace.root,
    env,
    stdio: ['ignore', 'pipe', stderr ?? 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let output = '';
  const ended = once(child, 'exit');
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  onTestFinished(() => end('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      const found = /Address +(\S+)/.exec(output)?.[1];
      if (found) resolve(found);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('close', (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
  });
  return {
    ...createClient(url),
    url,
    child,
    output: () => output,
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      return child.exitCode;
    },
  };
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
