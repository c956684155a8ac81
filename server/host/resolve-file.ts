import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** The path of a file with all links resolved; what does not exist yet is taken from the nearest folder that does. */
export async function resolveFile(path: string, project: string): Promise<string> {
  const full = resolve(project, path);
  try {
    return await realpath(full);
  } catch {
    const folder = dirname(full);
    return folder === full ? full : join(await resolveFile(folder, project), basename(full));
  }
}
