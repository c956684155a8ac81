import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { onTestFinished } from 'vitest';

const reads = ['open', 'readFile', 'readdir', 'stat', 'lstat', 'access'] as const;

/** An error like those of the system. */
function systemError(code: string, syscall: string, path: string): NodeJS.ErrnoException {
  const errno = -((constants.errno as Record<string, number>)[code] ?? 0);
  const [, words] = getSystemErrorMap().get(errno) ?? ['', code];
  return Object.assign(new Error(`${code}: ${words}, ${syscall} '${path}'`), { code, errno, syscall, path });
}

/** Makes each read of a path that contains `part` fail with an error of the system, until it is undone. */
export function failReads(part: string, code: string): () => void {
  const promises = fs.promises as unknown as Record<string, (...values: unknown[]) => Promise<unknown>>;
  const originals = new Map(reads.map((name) => [name, promises[name]]));
  for (const name of reads) {
    promises[name] = async (path, ...rest) => {
      if (String(path).includes(part)) throw systemError(code, name, String(path));
      return originals.get(name)?.(path, ...rest);
    };
  }
  syncBuiltinESMExports();
  const undo = () => {
    for (const [name, original] of originals) if (original) promises[name] = original;
    syncBuiltinESMExports();
  };
  onTestFinished(undo);
  return undo;
}
