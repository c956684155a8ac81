import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isExhaustion } from '../../util/exhaustion.ts';
import { ifMissingOrForbidden } from '../../util/file-error.ts';
import type { LiveSession } from '../port.ts';
import { processStart } from '../process-tree.ts';
import { toTime } from './time.ts';

/** The CLI's files there have about 1 KB. */
const maxSessionFile = 64 * 1024;

/** The CLI overwrites them in place (2.1.329): a reader can find a part. */
const tornMs = 20;
/** A file that is not JSON and was not written for this long stays so: it is not worth waiting for. */
const restingMs = 500;

const words = (value: unknown) => (typeof value === 'string' && value ? value : null);

/** The session of a process that still runs; null if it has ended, or if the file is not one of the CLI's. */
async function readLive(path: string): Promise<LiveSession | null> {
  try {
    const found = await stat(path);
    // Anything that runs as this user can put a pipe there, which would hang whoever reads it.
    if (!found.isFile() || found.size > maxSessionFile) return null;
    const file = JSON.parse(await readFile(path, 'utf8'));
    const [pid, sessionId] = [Number(file.pid), words(file.sessionId)];
    if (!sessionId || !Number.isSafeInteger(pid) || pid < 1) return null;
    const start = await processStart(pid);
    // A crash leaves the file behind, and the pid may be another program's by now.
    if (start === null || (process.platform === 'linux' && start !== String(file.procStart))) return null;
    const isHeadless = String(file.entrypoint ?? '').startsWith('sdk');
    return {
      sessionId,
      pid,
      // Older versions report no status of a headless process: it only runs for a moment.
      status:
        file.status === 'busy' || file.status === 'waiting'
          ? file.status
          : file.status === 'idle' || !isHeadless
            ? 'idle'
            : 'busy',
      statusAt: typeof file.statusUpdatedAt === 'number' ? file.statusUpdatedAt : null,
      waitingFor: file.status === 'waiting' ? (words(file.waitingFor) ?? 'an answer') : null,
      kind: file.kind === 'bg' ? 'background' : isHeadless ? 'headless' : 'interactive',
      project: words(file.cwd),
      name: file.nameSource === 'derived' ? null : words(file.name),
      startedAt: toTime(file.startedAt),
      bridgeUrl:
        words(file.bridgeSessionId) &&
        `https://claude.ai/code/${encodeURIComponent(String(file.bridgeSessionId))}`,
    };
  } catch (error) {
    // A process that cannot be inspected now may have the session open.
    if (isExhaustion(error)) throw error;
    const writtenAt =
      error instanceof SyntaxError
        ? await stat(path).then(
            ({ mtimeMs }) => mtimeMs,
            () => 0,
          )
        : 0;
    if (Math.abs(Date.now() - writtenAt) > restingMs) return null; // Just removed, or none of the CLI's.
    await delay(tornMs);
    return readLive(path);
  }
}

/** The sessions that processes of the CLI have open, as the CLI records them, except the processes `own`. */
export async function readLiveSessions(
  home: string,
  own: ReadonlySet<number> = new Set(),
): Promise<LiveSession[]> {
  const folder = join(home, 'sessions');
  // Each file is called after its process: ours need not be read.
  const names = (await readdir(folder).catch(ifMissingOrForbidden<string[]>([]))).filter(
    (name) => name.endsWith('.json') && !own.has(Number.parseInt(name, 10)),
  );
  const found = await Promise.all(names.map((name) => readLive(join(folder, name))));
  return found.filter((live) => live !== null && !own.has(live.pid)) as LiveSession[];
}

/** The pid of a process that has this session open, except our `own`; null if there is none. */
export async function findLiveProcess(
  home: string,
  sessionId: string,
  own: ReadonlySet<number> = new Set(),
): Promise<number | null> {
  return (await readLiveSessions(home, own)).find((live) => live.sessionId === sessionId)?.pid ?? null;
}
