import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { locateClaude } from '../../server/agent/claude/locate.ts';
import { startMessagesApi } from '../../test/fixture/messages-api/server.ts';
import { BareProcess, runBareClaude } from './bare-claude.ts';
import { credentials, packageRoot, startBenchServer } from './server.ts';

const pathWithoutPackages = () =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .join(delimiter);

/** Temporary folders and a scripted API, and what runs on them: the built server and the bare CLI. */
export async function openStage() {
  const root = await mkdtemp(join(tmpdir(), 'switchboard-bench-'));
  const [home, project, data] = [join(root, 'home'), join(root, 'project'), join(root, 'data')];
  for (const folder of [home, project, data]) await mkdir(folder);
  const api = await startMessagesApi();
  const env = {
    PATH: pathWithoutPackages(),
    HOME: home,
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    ANTHROPIC_BASE_URL: api.url,
    ANTHROPIC_API_KEY: 'sk-ant-bench',
    DISABLE_TELEMETRY: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '1',
  };
  const binary = await locateClaude({ bin: '', path: '', packageRoot });
  if (!binary) throw new Error('claude is not in node_modules; run npm ci');
  const place = { binary, cwd: project, env };
  const serverEnv = {
    ...env,
    ...credentials,
    PORT: '0',
    SESSIONS_DIR: data,
    CLAUDE_PROJECT_PATH: project,
    PROJECT_ROOTS: root,
  };

  return {
    root,
    project,
    home,
    data,
    runBareClaude: (args: readonly string[], message: string, isEnough?: (output: string) => boolean) =>
      runBareClaude(place, args, message, isEnough),
    openBareProcess: () => BareProcess.open(place),
    startServer: (settings: Record<string, string> = {}) =>
      startBenchServer({ ...serverEnv, ...settings }, root),
    async dispose() {
      await api.dispose();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export type Stage = Awaited<ReturnType<typeof openStage>>;
