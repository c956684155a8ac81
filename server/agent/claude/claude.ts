import { AppError } from '../../app-error.ts';
import { answerBeforeShells, writtenText } from '../../transcript/answer.ts';
import { parseCursor } from '../../transcript/page.ts';
import type { Agent, AgentStatus } from '../port.ts';
import { endLeftoverTree } from '../process-tree.ts';
import { checkCommand } from './command.ts';
import { claudeHome, findLiveProcess, findTranscript } from './home.ts';
import { locateClaude } from './locate.ts';
import { startOneShot } from './one-shot.ts';
import { probeClaude } from './probe.ts';
import { readPage, readProject, readSince } from './transcript-file.ts';

const statusForMs = 60_000;

/** Delays of 0.5, 1, 2, 4 and 8 s; the CLI's own ten retries keep a person waiting for three minutes. */
const maxRetries = '5';

/** Claude Code, by its command line. */
export function createClaude(deps: { bin: string; packageRoot: string; env: Readonly<Record<string, string>>; now(): Date }): Agent {
  const env: Record<string, string> = { CLAUDE_CODE_MAX_RETRIES: maxRetries, ...deps.env };
  const home = claudeHome(env);
  const locate = () => locateClaude({ bin: deps.bin, path: env['PATH'] ?? '', packageRoot: deps.packageRoot });
  const ending = new AbortController();
  let remembered: { at: number; status: Promise<AgentStatus> } | null = null;

  async function transcriptOf(sessionId: string, project?: string): Promise<string> {
    const path = await findTranscript(home, sessionId, project);
    if (!path) throw new AppError('session_not_found', `There is no transcript of session ${sessionId}.`);
    return path;
  }

  return {
    status() {
      const at = deps.now().getTime();
      if (!remembered || at - remembered.at > statusForMs)
        remembered = { at, status: locate().then((binary) => probeClaude(binary, env, ending.signal)) };
      return remembered.status;
    },
    async run(spec, onOutput) {
      const [binary, livePid] = await Promise.all([locate(), findLiveProcess(home, spec.sessionId)]);
      if (!binary) {
        throw new AppError('agent_not_found', deps.bin ? `CLAUDE_BIN=${deps.bin} is not a program that can be started.` : undefined);
      }
      if (livePid !== null) throw new AppError('session_busy', `Session ${spec.sessionId} is open in process ${livePid}.`);
      const startedAt = deps.now().toISOString();
      return startOneShot(spec, {
        binary,
        env,
        onOutput,
        answerOf: async (result) =>
          answerBeforeShells(await readSince(await transcriptOf(result.session_id ?? spec.sessionId, spec.project), startedAt)),
      });
    },
    checkMessage: checkCommand,
    hasSession: async (sessionId, project) => (await findTranscript(home, sessionId, project)) !== null,
    async findSession(sessionId, project) {
      const path = await findTranscript(home, sessionId, project);
      // A transcript that cannot be read says no more than one that is not there.
      const found = path && (await readProject(path).catch(() => null));
      return found ? { project: found } : null;
    },
    async history(sessionId, project, { limit, before }) {
      const cursor = before === undefined ? undefined : parseCursor(before);
      if (cursor === null) throw new AppError('invalid_request', 'before: use the cursor that a page of this history gave', { field: 'before' });
      const path = await findTranscript(home, sessionId, project);
      return path ? readPage(path, { limit, before: cursor }) : { messages: [], before: null };
    },
    async writtenSince(sessionId, project, at) {
      const path = await findTranscript(home, sessionId, project);
      return path ? writtenText(await readSince(path, at)) : '';
    },
    endLeftovers: endLeftoverTree,
    dispose: () => ending.abort(),
  };
}
