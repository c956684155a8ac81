import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** How programs of the same user get in: by a token that is in a file of theirs (0600) as long as the server runs. */
export interface LocalAccess {
  /** Whether a Bearer token is that of this run. */
  isOurs(token: string): boolean;
  /** Writes the file, unless another server that runs is in it. Resolves also where the disk refuses; `warn` is told. */
  publish(url: string): Promise<void>;
  /** Removes the file, where it is still that of this server. */
  dispose(): void;
}

const hashOf = (text: string) => createHash('sha256').update(text).digest();

/** How long another server may take to say that it is there. */
const answerMs = 1000;

/** The address of another server that the file names, where that answers. */
async function otherServer(file: string): Promise<string | null> {
  try {
    const { url, pid } = JSON.parse(readFileSync(file, 'utf8'));
    if (pid === process.pid) return null;
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(answerMs) });
    return ((await answer.json()) as { service?: string }).service === 'switchboard' ? url : null;
  } catch {
    return null; // There is none, or it has ended.
  }
}

export function createLocalAccess({ file, warn }: { file: string; warn(error: unknown, text: string): void }): LocalAccess {
  const token = `swl_${randomBytes(32).toString('base64url')}`;
  const hash = hashOf(token);
  return {
    isOurs: (given) => timingSafeEqual(hashOf(given), hash),
    async publish(url) {
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        const other = await otherServer(file);
        if (other) return warn(null, `the switchboard command finds the server at ${other}, which was here first; name this one by --server`);
        const own = { url, token, pid: process.pid, started_at: new Date().toISOString() };
        await writeFileAtomic(file, `${JSON.stringify(own, null, 2)}\n`, { mode: 0o600 });
      } catch (error) {
        warn(error, 'the switchboard command will not find this server by itself');
      }
    },
    dispose() {
      try {
        // Another server of this user may have been started since.
        if (JSON.parse(readFileSync(file, 'utf8')).token === token) rmSync(file);
      } catch {
        // It was never written, or is gone.
      }
    },
  };
}
