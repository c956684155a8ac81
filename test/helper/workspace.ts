import { mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { password, username } from './client.ts';

/** Folders of one test: a home, a project, and the data folder. Removed when the test ends. */
export type Workspace = { root: string; home: string; project: string; data: string };

export async function createWorkspace(): Promise<Workspace> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'switchboard-test-')));
  const workspace = {
    root,
    home: join(root, 'home'),
    project: join(root, 'project'),
    data: join(root, 'data'),
  };
  for (const folder of [workspace.home, workspace.project, workspace.data]) await mkdir(folder);
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  return workspace;
}

/**
 * The environment of servers and agents in tests, built from a list: nothing of the one that the tests
 * run in gets through, above all no account.
 */
export function testEnv(
  { home, root }: Workspace,
  more: Record<string, string> = {},
): Record<string, string> {
  return {
    // npm puts the commands of our own packages there, an old claude among them.
    PATH: (process.env['PATH'] ?? '')
      .split(delimiter)
      .filter((folder) => !folder.includes('node_modules'))
      .join(delimiter),
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    TMPDIR: root,
    ANTHROPIC_API_KEY: 'sk-ant-made-up',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    DISABLE_ERROR_REPORTING: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
    ...more,
  };
}

/** Settings of a server of a test, on top of `testEnv`. Without an API the agent gets no answers. */
export function serverEnv(
  workspace: Workspace,
  api: { url: string } | null,
  more: Record<string, string> = {},
): Record<string, string> {
  return testEnv(workspace, {
    ...(api ? { ANTHROPIC_BASE_URL: api.url } : {}),
    AUTH_USERNAME: username,
    AUTH_PASSWORD: password,
    PORT: '0',
    SESSIONS_DIR: workspace.data,
    CLAUDE_PROJECT_PATH: workspace.project,
    PROJECT_ROOTS: workspace.root,
    ...more,
  });
}

/** The processes that were started in a workspace and still run, except this one. */
export async function processesOf({ home }: Workspace): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found: number[] = [];
  for (const pid of pids) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environ.split('\0').includes(`HOME=${home}`)) found.push(Number(pid));
  }
  return found;
}

/** Ends them at once. */
export async function killProcessesOf(workspace: Workspace): Promise<void> {
  for (const pid of await processesOf(workspace)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has already ended.
    }
  }
}
