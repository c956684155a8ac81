import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { describeFileFault } from '../util/file-fault.ts';

/**
 * How programs of the same user get in: by a token in a file of theirs (0600), for as long as the server
 * runs.
 */
export interface LocalAccess {
  /** Whether a Bearer token is that of this run. */
  isOurs(token: string): boolean;
  /**
   * Writes the file, unless it is that of another server that runs, and keeps it there. Never rejects: `warn`
   * is called.
   */
  publish(url: string): Promise<void>;
  /** Removes the file if it is still that of this server. */
  dispose(): void;
}

type Note = { url: string; token: string; pid: number; instance?: string };

const hashOf = (text: string) => createHash('sha256').update(text).digest();

/** How long another server may take to answer. */
const answerMs = 1000;

/** How often the file is looked at: it can be removed, or its server can end. */
const lookMs = 2000;

function readNote(file: string): Note | null {
  try {
    const note = JSON.parse(readFileSync(file, 'utf8'));
    return typeof note?.url === 'string' && typeof note.token === 'string' ? note : null;
  } catch {
    return null; // It is missing or not a note: it is written again.
  }
}

/**
 * Whether the server that wrote a note still answers at its address. The address alone says nothing: after a
 * crash the next server has the same one.
 */
async function isCurrent({ url, instance }: Note): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(answerMs) });
    const { service } = (await answer.json()) as { service?: string };
    // Servers from before there were instances name none.
    return service === 'switchboard' && answer.headers.get('x-switchboard-instance') === (instance ?? null);
  } catch {
    return false;
  }
}

export type LocalAccessDeps = {
  file: string;
  /** The id of this run, which `/health` answers with. */
  instance: string;
  warn(error: unknown, text: string): void;
};

export function createLocalAccess({ file, instance, warn }: LocalAccessDeps): LocalAccess {
  const token = `swl_${randomBytes(32).toString('base64url')}`;
  const hash = hashOf(token);
  let timer: NodeJS.Timeout | null = null;
  let isDisposed = false;
  /** What was said last: a fault that lasts is said once. */
  let said = '';

  function say(text: string): void {
    if (text !== said && text) warn(null, text);
    said = text;
  }

  async function ensure(url: string): Promise<void> {
    try {
      const found = readNote(file);
      if (found?.token === token) return say('');
      if (found && (await isCurrent(found))) {
        return say(
          `the switchboard command finds the server at ${found.url}, which was here first; name this ` +
            'one by --server',
        );
      }
      if (isDisposed) return;
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      const own = { url, token, pid: process.pid, instance, started_at: new Date().toISOString() };
      await writeFileAtomic(file, `${JSON.stringify(own, null, 2)}\n`, { mode: 0o600 });
      if (isDisposed) remove();
      say('');
    } catch (error) {
      say(`the switchboard command cannot find this server: ${describeFileFault(file, error)}`);
    }
  }

  function remove(): void {
    // Another server of this user may have been started since.
    if (readNote(file)?.token === token) rmSync(file, { force: true });
  }

  return {
    isOurs: (given) => timingSafeEqual(hashOf(given), hash),
    async publish(url) {
      await ensure(url);
      const look = () => {
        timer = setTimeout(() => void ensure(url).then(() => !isDisposed && look()), lookMs);
        timer.unref();
      };
      if (!isDisposed) look();
    },
    dispose() {
      isDisposed = true;
      if (timer) clearTimeout(timer);
      try {
        remove();
      } catch (error) {
        warn(error, 'the note of this server could not be removed');
      }
    },
  };
}
