import type { MessagesApi } from '../fixture/messages-api/server.ts';
import { startTestApi } from './server.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { createWorkspace, serverEnv, type Workspace } from './workspace.ts';

export type Built = {
  workspace: Workspace;
  api: MessagesApi;
  env: Record<string, string>;
  server: ServerProcess;
};

/** The built server as a separate process, with the real CLI against a scripted API, in temporary folders. */
export async function startBuilt(
  more: Record<string, string> = {},
  options: Parameters<typeof startTestApi>[0] = {},
): Promise<Built> {
  const workspace = await createWorkspace();
  const api = await startTestApi(options);
  const env = serverEnv(workspace, api, more);
  return { workspace, api, env, server: await startServerProcess(workspace, env) };
}
