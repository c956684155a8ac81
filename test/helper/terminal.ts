import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { Session } from '../../contract/session.ts';
import { requireTool } from '../../scripts/test-tools.mjs';
import { startClaudeServer, type TestServer } from './server.ts';
import { until } from './until.ts';
import { processesOf, testEnv, type Workspace } from './workspace.ts';

/** A folder for tmux's sockets. The path of a socket may have about 100 characters. */
export async function createTmuxFolder(): Promise<string> {
  requireTool('tmux');
  return mkdtemp(join(tmpdir(), 'sb-tmux-'));
}

/** The tmux of such a folder; its servers end with the test. */
export function tmuxOf(
  workspace: Workspace,
  folder: string,
  isEnded: () => Promise<unknown> = async () => {},
) {
  const tmux = (...args: string[]) =>
    spawnSync('tmux', args, { encoding: 'utf8', env: testEnv(workspace, { TMUX_TMPDIR: folder }) });
  onTestFinished(async () => {
    for (const socket of ['switchboard', 'default']) tmux('-L', socket, 'kill-server');
    await isEnded();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return tmux;
}

/** A server with a separate tmux, which ends with the test. */
export async function startWithTmux(more: Record<string, string> = {}) {
  const folder = await createTmuxFolder();
  const server = await startClaudeServer({ env: { TMUX_TMPDIR: folder, ...more } });
  const isEnded = () => until('all gone', async () => (await processesOf(server.workspace)).length === 0);
  return { ...server, folder, tmux: tmuxOf(server.workspace, folder, isEnded) };
}

export const sessions = '/api/hosts/local/sessions';

/** Starts Claude Code in a terminal. */
export async function startTerminal(server: TestServer, body: object = {}): Promise<Session> {
  const response = await server.post(sessions, { project: server.workspace.project, ...body });
  const answer = await response.json();
  expect([response.status, answer.detail]).toEqual([201, undefined]);
  return answer;
}

export const row = (server: TestServer, id: string): Promise<Session> => server.get(`${sessions}/${id}`);

export const isIdle = (server: TestServer, id: string) =>
  until('idle', async () => (await row(server, id)).state === 'idle');

/** All that is in a session's history, as JSON text. */
export const said = async (server: TestServer, id: string) =>
  JSON.stringify((await server.get(`${sessions}/${id}/messages`)).messages);
