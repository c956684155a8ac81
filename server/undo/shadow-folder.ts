import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Git } from '../git/git.ts';
import { ifMissing, ifMissingOrForbidden } from '../util/file-error.ts';
import { makeOwnFolder } from '../util/own-folder.ts';

/** The newest tree of a work tree, and the stamp by which each of its files is recognized. */
export type ShadowState = { tree: string; files: Map<string, string> };

const stateFile = 'switchboard-files';

/** A repository that was not used for this long is removed. */
const keepUnusedMs = 90 * 86_400_000;

/** How long the repository of a missing project is kept: its disk may come back. */
const keepGoneMs = 7 * 86_400_000;

const isRepository = async (path: string): Promise<boolean> =>
  (await stat(join(path, 'HEAD')).catch(ifMissingOrForbidden(null))) !== null;

/**
 * The repositories that hold what is noted of work trees, in the data folder. Nothing here is a project's.
 */
export function createShadowFolder(folder: string) {
  const repositoryOf = (top: string) => join(folder, `${createHash('sha1').update(top).digest('hex')}.git`);
  return {
    repositoryOf,
    /** Makes a repository without content, for questions to git that need one. */
    emptyWith(git: Git): () => Promise<string> {
      const path = join(folder, 'empty.git');
      let made: Promise<string> | null = null;
      const make = async () => {
        if (await isRepository(path)) return path;
        await makeOwnFolder(folder);
        await git.init(path);
        return path;
      };
      return () => {
        made ??= make().catch((error) => {
          made = null;
          throw error;
        });
        return made;
      };
    },
    exists: isRepository,
    /** The folder that all data of the server is in. */
    realDataFolder: () => realpath(dirname(folder)).catch(() => dirname(folder)),
    /** Null if nothing was noted yet, or it cannot be read. */
    async load(top: string): Promise<ShadowState | null> {
      const file = join(repositoryOf(top), stateFile);
      const text = await readFile(file, 'utf8').catch(ifMissingOrForbidden(''));
      const [tree, known, ...rows] = text.split('\0');
      if (!tree || known !== top || rows.pop() !== 'end') return null;
      return {
        tree,
        files: new Map(rows.map((row) => [row.slice(row.indexOf(' ') + 1), row.slice(0, row.indexOf(' '))])),
      };
    },
    async save(top: string, { tree, files }: ShadowState): Promise<void> {
      const repository = repositoryOf(top);
      const rows = [tree, top];
      for (const [path, stamp] of files) rows.push(`${stamp} ${path}`);
      const temporary = join(repository, `${stateFile}-${randomBytes(6).toString('hex')}`);
      await writeFile(temporary, [...rows, 'end'].join('\0'), { mode: 0o600 });
      await rename(temporary, join(repository, stateFile));
    },
    remove: (top: string) => rm(repositoryOf(top), { recursive: true, force: true }),
    make: (): Promise<void> => makeOwnFolder(folder),
    /**
     * Removes what belongs to projects that are gone or were not used for long, and what earlier versions
     * left.
     */
    async sweep(now: Date): Promise<void> {
      for (const name of await readdir(folder).catch(() => [])) {
        const path = join(folder, name);
        if (name.endsWith('.index')) await rm(path, { force: true });
        if (!/^[0-9a-f]{40}\.git$/.test(name)) continue;
        const used = await stat(join(path, stateFile)).catch(() => stat(path).catch(() => null));
        if (!used) continue;
        const isGone = await isProjectGone(path);
        const age = now.getTime() - used.mtimeMs;
        if (age > (isGone ? keepGoneMs : keepUnusedMs)) await rm(path, { recursive: true, force: true });
      }
    },
  };
}

/** Whether the project of a repository is gone. A project that cannot be inspected now is not. */
async function isProjectGone(repository: string): Promise<boolean> {
  const isThere = () => true;
  try {
    const text = await readFile(join(repository, stateFile), 'utf8').catch(ifMissing(''));
    const top = text.split('\0', 2)[1] ?? '';
    return !top || !(await stat(top).then(isThere).catch(ifMissing(false)));
  } catch {
    return false;
  }
}

export type ShadowFolder = ReturnType<typeof createShadowFolder>;
