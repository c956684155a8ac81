import { chmod, link, readFile, rename, rm } from 'node:fs/promises';
import type { Adapter } from 'lowdb';
import writeFileAtomic from 'write-file-atomic';

/** What became of a file that could not be read. */
export type Damage = { keptAs: string; from: 'last good copy' | 'nothing'; reason: string };

/**
 * A lowdb adapter that writes atomically, with fsync, readable by the owner alone, and keeps the version
 * before in `<file>.bak`. lowdb's own adapter does none of these (steno: no fsync, mode 0644).
 */
export function createJsonFile<T>(file: string, { parse, onDamage }: { parse(value: unknown): T; onDamage(damage: Damage): void }): Adapter<T> {
  const backup = `${file}.bak`;

  async function load(path: string): Promise<T | null> {
    try {
      return parse(JSON.parse(await readFile(path, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async function read(): Promise<T | null> {
    try {
      return await load(file);
    } catch (error) {
      const keptAs = `${file}.damaged-${new Date().toISOString().replaceAll(':', '-')}`;
      await rename(file, keptAs);
      await chmod(keptAs, 0o600);
      const copy = await load(backup).catch(() => null);
      onDamage({ keptAs, from: copy === null ? 'nothing' : 'last good copy', reason: (error as Error).message });
      return copy;
    }
  }

  async function keepVersionBefore(): Promise<void> {
    try {
      await rm(`${backup}.new`, { force: true });
      await link(file, `${backup}.new`);
      await rename(`${backup}.new`, backup);
    } catch (error) {
      // No version before at the first write; some file systems have no links. The write itself matters more.
      if (!['ENOENT', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  async function write(data: T): Promise<void> {
    const text = `${JSON.stringify(data, null, 2)}\n`;
    await keepVersionBefore();
    await writeFileAtomic(file, text, { mode: 0o600, fsync: true });
  }

  return { read, write };
}
