import { open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ifMissing } from '../util/file-error.ts';

/** A log is kept in two files of this size at most: the one that is written, and the one before it. */
const maxBytes = 2_000_000;

/** Logs beyond these, the oldest first, are deleted; their records stay. */
const maxLogs = 100;

/** A path as one word of a shell, in a command that tmux looks through for `#` and strftime's `%`. */
const quote = (path: string) =>
  `'${path.replaceAll("'", `'\\''`)}'`.replaceAll('%', '%%').replaceAll('#', '##');

/** The terminals' logs, one folder of files that only this user can read. */
export function createOutputLogs({ folder }: { folder: string }) {
  const current = (id: string) => join(folder, `${id}.log`);
  const before = (id: string) => join(folder, `${id}.log.1`);

  const getSize = (path: string) =>
    stat(path).then(
      ({ size, mtime }) => ({ size, mtime }),
      () => null,
    );

  async function readEnd(path: string, bytes: number): Promise<Buffer> {
    const file = await open(path, 'r').catch(ifMissing(null));
    if (!file) return Buffer.alloc(0);
    try {
      const { size } = await file.stat();
      const length = Math.min(size, bytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }

  return {
    /** What tmux is to pipe a terminal's output into: `cat` holds nothing back, whatever ends it. */
    command: (id: string): string => `umask 077; exec cat >> ${quote(current(id))}`,
    /** Truncates a log that is too large; its writer continues at the new beginning. */
    async bound(id: string): Promise<void> {
      if (((await getSize(current(id)))?.size ?? 0) < maxBytes) return;
      await writeFile(before(id), await readEnd(current(id), maxBytes), { mode: 0o600 });
      await truncate(current(id));
    },
    /** The size of a log, and when it was last written; null if there is none. */
    async about(id: string): Promise<{ bytes: number; at: Date } | null> {
      const [now, old] = await Promise.all([getSize(current(id)), getSize(before(id))]);
      const found = now ?? old;
      return found && { bytes: (now?.size ?? 0) + (old?.size ?? 0), at: found.mtime };
    },
    /** The last bytes. */
    async tail(id: string, bytes: number): Promise<Buffer> {
      const end = await readEnd(current(id), bytes);
      if (end.length >= bytes) return end;
      return Buffer.concat([await readEnd(before(id), bytes - end.length), end]);
    },
    /** Deletes the oldest logs, except those of the named records. */
    async prune(keep: ReadonlySet<string>): Promise<void> {
      const files = (await readdir(folder).catch(() => [])).filter((name) => /\.log(\.1)?$/.test(name));
      const names = files.map((name) => name.replace(/\.log(\.1)?$/, ''));
      const logs = await Promise.all(
        [...new Set(names)].map(async (id) => ({
          id,
          at: (await getSize(current(id)))?.mtime.getTime() ?? 0,
        })),
      );
      const old = logs.filter(({ id }) => !keep.has(id)).sort((a, b) => b.at - a.at);
      for (const { id } of old.slice(maxLogs))
        await Promise.all([current(id), before(id)].map((path) => rm(path, { force: true })));
    },
  };
}

export type OutputLogs = ReturnType<typeof createOutputLogs>;

/** Modes and questions of terminals, which the pattern of Node leaves a part of. */
const privateSequences = /\x1b\[[<=>?][0-9;:]*[ -/]*[@-~]|\x1b[P\]X^_][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/** Claude Code moves over spaces instead of writing them. */
const blanks = /\x1b\[(\d{0,3})C/g;

/** What a terminal showed, without its colours and movements. */
export function stripEscapes(bytes: Buffer): string {
  return stripVTControlCharacters(
    bytes
      .toString('utf8')
      .replace(privateSequences, '')
      .replace(blanks, (_, count) => ' '.repeat(Number(count) || 1)),
  )
    .replace(/\r+\n?/g, '\n')
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '')
    .replace(/\n{3,}/g, '\n\n');
}
