import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { locateClaude } from '../../server/agent/claude/locate.ts';
import { packageRoot, type TestServer } from './server.ts';
import { testEnv } from './workspace.ts';

/** Runs the CLI beside a server, as somebody at the desk would; resolves when it has ended. */
export async function runBare({ workspace, api }: TestServer, args: string[], input: string): Promise<void> {
  const binary = (await locateClaude({ bin: '', path: '', packageRoot })) as string;
  const env = testEnv(workspace, { ANTHROPIC_BASE_URL: api.url });
  const child = spawn(binary, args, { cwd: workspace.project, env, stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end(input);
  await once(child, 'exit');
}
