import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const packageRoot = join(import.meta.dirname, '..', '..');
export const credentials = { AUTH_USERNAME: 'bench', AUTH_PASSWORD: 'bench' };
const authorization = `Basic ${Buffer.from(Object.values(credentials).join(':')).toString('base64')}`;

/** Resolves with the address that the server prints; rejects if it exits first. */
function readAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      const address = /Address +(\S+)/.exec(output)?.[1];
      if (address) resolve(address);
    });
    child.once('exit', (code) => reject(new Error(`the server exited with ${code}`)));
  });
}

/** Starts the built server and returns a client for it. */
export async function startBenchServer(env: Record<string, string>, cwd: string) {
  const child: ChildProcess = spawn(process.execPath, [join(packageRoot, 'dist/server/main.js')], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = await readAddress(child);
  const pid = child.pid as number;

  const send = (path: string, body: object, { method = 'POST', accept = 'application/json' } = {}) =>
    fetch(url + path, {
      method,
      headers: { authorization, accept, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  return {
    url,
    pid,
    send,
    get: (path: string, signal?: AbortSignal) =>
      fetch(url + path, { headers: { authorization }, ...(signal ? { signal } : {}) }),
    chat: (body: object, accept = 'application/json') => send('/api/chat', body, { accept }),
    async readMemoryMb(): Promise<number> {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1000;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

export type BenchServer = Awaited<ReturnType<typeof startBenchServer>>;
