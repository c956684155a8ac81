import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describeFileFault, isForbidden, keepAside, type NoteFault } from './file-fault.ts';

/** A folder of the data folder that can be made again: why it cannot be used, with the fix. */
class OwnFolderError extends Error {
  override name = 'OwnFolderError';
}

/**
 * Why a path cannot be used as a folder, and whether the fix is to give it back to this user; null if it can,
 * or is missing.
 */
function findFault(path: string): { text: string; isForbidden: boolean } | null {
  try {
    if (!lstatSync(path, { throwIfNoEntry: false })) return null;
    if (!statSync(path).isDirectory())
      return { text: `${path} is a file, and a folder is expected there: move it away`, isForbidden: false };
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const text = describeFileFault(path, error, { isFolder: true });
    return { text, isForbidden: isForbidden(error) };
  }
}

/**
 * Keeps aside what is in the place of such a folder, at the start. One that another user owns is left there
 * for its owner.
 */
export function checkOwnFolders(folder: string, names: readonly string[], note: NoteFault): void {
  for (const path of names.map((name) => join(folder, name))) {
    const fault = findFault(path);
    if (!fault) continue;
    try {
      note(
        path,
        fault.isForbidden ? `${fault.text}.` : `${fault.text}. It is kept as ${basename(keepAside(path))}.`,
      );
    } catch {
      note(path, `${fault.text}. It could not be moved away.`);
    }
  }
}

/**
 * Makes the folder if it is missing, but not the one that it is in. Throws with the fix if it cannot be used.
 */
export async function makeOwnFolder(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST')
      throw new OwnFolderError(describeFileFault(path, error, { isFolder: true }), { cause: error });
  });
  const fault = findFault(path);
  if (fault) throw new OwnFolderError(fault.text);
}
