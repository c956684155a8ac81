import type { Git } from '../git/git.ts';
import { findRepository, indexStamp, type Repository, readInfoExclude, readTracked } from './repository.ts';
import { foldersAbove } from './walk.ts';

/** What the person ignores everywhere is read so often, and no more. */
const rememberExcludesMs = 10_000;

const maxRemembered = 8;

/** What git keeps in and leaves out of a work tree, by the rules of the person and of the project. */
export type WorkTreeRules = {
  tracked: { files: ReadonlySet<string>; folders: ReadonlySet<string> };
  ignored: string[];
};

/**
 * Knows work trees of git without running git in them: `repository` is one of ours, in which it answers
 * questions.
 */
export function createWorkTrees({
  git,
  repository,
  now,
}: {
  git: Git;
  repository: () => Promise<string>;
  now(): Date;
}) {
  const tracked = new Map<
    string,
    { stamp: string; files: ReadonlySet<string>; folders: ReadonlySet<string> }
  >();
  let excludes: { at: number; text: Promise<string> } | null = null;

  const personExcludes = (): Promise<string> => {
    const at = now().getTime();
    if (!excludes || Math.abs(at - excludes.at) > rememberExcludesMs)
      excludes = { at, text: repository().then((own) => git.personExcludes(own)) };
    return excludes.text.catch(() => '');
  };

  async function trackedOf(found: Repository) {
    const stamp = await indexStamp(found);
    const known = tracked.get(found.top);
    if (known?.stamp === stamp) return known;
    const files = new Set(await readTracked(found));
    const read = { stamp, files, folders: foldersAbove(files) };
    tracked.delete(found.top);
    tracked.set(found.top, read);
    if (tracked.size > maxRemembered) tracked.delete(tracked.keys().next().value as string);
    return read;
  }

  return {
    /** Throws ForeignRepositoryError. */
    find: (folder: string): Promise<Repository | null> =>
      findRepository(folder, async (text, key) => git.configValues(await repository(), text, key)),
    async rulesOf(found: Repository): Promise<WorkTreeRules> {
      const [known, everywhere, here] = await Promise.all([
        trackedOf(found),
        personExcludes(),
        readInfoExclude(found),
      ]);
      return { tracked: known, ignored: [everywhere, here] };
    },
  };
}

export type WorkTrees = ReturnType<typeof createWorkTrees>;
