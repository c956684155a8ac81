import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createClaude } from '../../server/agent/claude/claude.ts';
import { createScriptedAgent } from '../../server/agent/scripted/scripted-agent.ts';
import { toConfig } from '../../server/config.ts';
import { createLog } from '../../server/log.ts';
import { type RunningServer, type ServerDeps, startServer } from '../../server/server.ts';
import { type MessagesApi, startMessagesApi } from '../fixture/messages-api/server.ts';
import { type Client, createClient } from './client.ts';
import { createWorkspace, serverEnv, type Workspace } from './workspace.ts';

export const packageRoot = join(import.meta.dirname, '..', '..');

export type TestServer = Client & {
  url: string;
  api: MessagesApi;
  workspace: Workspace;
  server: RunningServer;
  /** Ends the server and starts another on the same folders. */
  restart(): Promise<TestServer>;
};

/** A scripted Messages API that ends with the test. */
export async function startTestApi(
  options: Parameters<typeof startMessagesApi>[0] = {},
): Promise<MessagesApi> {
  const api = await startMessagesApi(options);
  onTestFinished(() => api.dispose());
  return api;
}

type TestServerOptions = {
  /** Additional settings and variables. */
  env?: Record<string, string>;
  workspace?: Workspace;
  api?: MessagesApi;
  deps?: Partial<ServerDeps>;
};

/** A server as `startTestServer` starts it, with the real CLI, for tests of what the CLI does. */
export const startClaudeServer = (options: TestServerOptions = {}): Promise<TestServer> =>
  startTestServer({ ...options, deps: { createAgent: createClaude, ...options.deps } });

/**
 * A server in this process, on a free port, with its own folders and the scripted agent against a scripted
 * API. Ended with the test.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const workspace = options.workspace ?? (await createWorkspace());
  const api = options.api ?? (await startTestApi());
  const env = serverEnv(workspace, api, options.env);
  const server = await startServer({
    config: toConfig(workspace.root, env, {}),
    log: createLog(process.env['TEST_LOG'] ?? 'silent'),
    version: '0.0.0-test',
    packageRoot,
    tunnelProvider: null,
    onTunnelChange: () => {},
    checkAnswers: true,
    createAgent: (deps) => createScriptedAgent({ ...deps, base: createClaude(deps) }),
    ...options.deps,
  });
  let isRunning = true;
  const stop = async () => {
    if (isRunning) await server.dispose({ graceS: 0 });
    isRunning = false;
  };
  onTestFinished(stop);
  return {
    ...createClient(server.url),
    url: server.url,
    api,
    workspace,
    server,
    async restart() {
      await stop();
      return startTestServer({ ...options, workspace, api });
    },
  };
}
