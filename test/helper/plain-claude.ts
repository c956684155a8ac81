import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { locateClaude } from '../../server/agent/claude/locate.ts';
import type { MessagesApi } from '../fixture/messages-api/server.ts';
import { packageRoot } from './server.ts';
import { testEnv, type Workspace } from './workspace.ts';

/** Beside which server: its folders and its API. */
type Beside = { workspace: Workspace; api: MessagesApi };

/** Runs the CLI beside a server, as somebody in a terminal would; resolves when it has ended. */
export async function runBare({ workspace, api }: Beside, args: string[], input: string): Promise<void> {
  const binary = (await locateClaude({ bin: '', path: '', packageRoot })) as string;
  const env = testEnv(workspace, { ANTHROPIC_BASE_URL: api.url });
  const child = spawn(binary, args, { cwd: workspace.project, env, stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end(input);
  await once(child, 'exit');
}

/** Opens the CLI beside a server and keeps it open; resolves when it has its session. */
export async function openBare(
  { workspace, api }: Beside,
  args: string[],
): Promise<{ end(): Promise<void> }> {
  const binary = (await locateClaude({ bin: '', path: '', packageRoot })) as string;
  const env = testEnv(workspace, { ANTHROPIC_BASE_URL: api.url });
  const child = spawn(binary, args, { cwd: workspace.project, env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  child.stdin.write('{"type":"control_request","request_id":"1","request":{"subtype":"initialize"}}\n');
  await once(child.stdout, 'data');
  return {
    async end() {
      child.stdout.resume();
      child.stdin.end();
      await ended;
    },
  };
}
