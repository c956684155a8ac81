import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { readProgram } from '../util/child-process.ts';
import { describeFileFault } from '../util/file-fault.ts';
import { parseProcessStat } from '../util/process-stat.ts';

/** What is known of a data folder: the journal that it has, and the server that uses it. */
type Owner = { pid: number | null; started: string | null; data_id: number | null };

const nobody: Owner = { pid: null, started: null, data_id: null };

/** When a process was started and on which boot, in the system's own words; null if it does not run. */
function startOf(pid: number): string | null {
  try {
    if (process.platform !== 'linux')
      return readProgram('ps', ['-o', 'lstart=', '-p', String(pid)])?.trim() || null;
    const stat = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return stat && `${boot} ${stat.start}`;
  } catch {
    return null;
  }
}

/** As `realpath`, also for a folder that is not there (any more). */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return dirname(folder) === folder ? folder : join(realFolder(dirname(folder)), basename(folder));
  }
}

function readOwner(file: string): Owner {
  try {
    const text = readFileSync(file, 'utf8');
    // In the data folder it is a number, and the start of its process in the next line.
    const [, pid, started = null] = /^(\d+)\n(?:(.+)\n)?$/.exec(text) ?? [];
    if (pid) return { pid: Number(pid), started, data_id: null };
    const value = JSON.parse(text);
    return { ...nobody, ...(value && typeof value === 'object' ? value : {}) };
  } catch {
    return nobody; // It is missing or useless: the lock of the journal decides.
  }
}

/**
 * Notes which server uses a data folder: in the folder, and outside of it (in `stateFolder`), where it
 * outlives the removal of the folder and remembers that the folder was used. The lock of the journal keeps a
 * second server out in any case in which the journal is still there.
 */
export function createFolderOwner({ folder, stateFolder }: { folder: string; stateFolder: string | null }) {
  const inside = join(folder, 'server.pid');
  const id = createHash('sha256').update(realFolder(folder)).digest('hex').slice(0, 16);
  const outside = stateFolder && join(stateFolder, `${id}.json`);
  const known = outside ? readOwner(outside) : nobody;

  function isRunning({ pid, started }: Owner): boolean {
    return pid !== null && pid !== process.pid && started !== null && startOf(pid) === started;
  }

  function writeOutside(owner: Owner): void {
    if (!outside || !stateFolder) return;
    mkdirSync(stateFolder, { recursive: true, mode: 0o700 });
    writeFileAtomic.sync(outside, `${JSON.stringify({ folder, ...owner })}\n`, { mode: 0o600, fsync: false });
  }

  return {
    /** Whether a server has used the folder of this path before. */
    wasUsed: typeof known.data_id === 'number',
    /** The process of another server that uses it now. */
    other: (): number | null => [readOwner(inside), known].find(isRunning)?.pid ?? null,
    /** The process that has the lock of the journal, if it is known. */
    noted: (): number | null => readOwner(inside).pid ?? known.pid,
    /** Notes this process. It needs no note to run: `warn` is called if one cannot be written. */
    claim(dataId: number | null, warn: (text: string) => void): void {
      const started = startOf(process.pid);
      try {
        writeFileAtomic.sync(inside, `${process.pid}\n${started}\n`, { mode: 0o600, fsync: false });
      } catch (error) {
        warn(`${describeFileFault(inside, error)}. The server does not need it.`);
      }
      try {
        writeOutside({ pid: process.pid, started, data_id: dataId ?? known.data_id });
      } catch (error) {
        warn(`${describeFileFault(outside ?? '', error)}. The server does not need it.`);
      }
    },
    release(dataId: number | null): void {
      try {
        writeOutside({ ...nobody, data_id: dataId ?? known.data_id });
      } catch {
        // The problem was reported at the start; for a reader, a file that stays names an ended process.
      }
    },
  };
}
