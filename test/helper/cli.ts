import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { packageRoot } from './server.ts';
import { testEnv, type Workspace } from './workspace.ts';

const built = join(packageRoot, 'dist/cli/main.js');

export type Ran = { code: number | null; out: string; words: string };

/** Starts the built `switchboard` command as somebody at this machine would. */
export function startCli(
  workspace: Workspace,
  args: readonly string[],
  {
    input,
    env = {},
    main = built,
    uid,
  }: { input?: string; env?: Record<string, string>; main?: string; uid?: number } = {},
) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: workspace.project,
    env: testEnv(workspace, env),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  child.stdin.on('error', () => {}); // It may end before it has read all.
  child.stdin.end(input ?? '');
  const ran: Ran = { code: null, out: '', words: '' };
  child.stdout.on('data', (chunk) => {
    ran.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ran.words += chunk;
  });
  const ended = once(child, 'close').then(([code]): Ran => ({ ...ran, code: code as number | null }));
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { child, ran, ended };
}

export const runCli = (...given: Parameters<typeof startCli>): Promise<Ran> => startCli(...given).ended;
