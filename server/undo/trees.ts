import type { Git } from '../git/git.ts';

/** A path in which two trees differ. The mode and id of a side that has no such file are null. */
export type Difference = { path: string; from: TreeFile | null; to: TreeFile | null };
export type TreeFile = { mode: string; id: string };

const noFile = '000000';

/** Paths in which two trees of a repository of ours differ. */
export async function compareTrees(
  git: Git,
  repository: string,
  from: string,
  to: string,
): Promise<Difference[]> {
  if (from === to) return [];
  const output = await git.run(repository, [
    'diff-tree',
    '-r',
    '-z',
    '--raw',
    '--no-abbrev',
    '--no-renames',
    from,
    to,
  ]);
  const fields = output.toString().split('\0');
  const found: Difference[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [oldMode = '', newMode = '', oldId = '', newId = ''] = (fields[at] as string).slice(1).split(' ');
    const sideOf = (mode: string, id: string) => (mode === noFile ? null : { mode, id });
    found.push({ path: fields[at + 1] as string, from: sideOf(oldMode, oldId), to: sideOf(newMode, newId) });
  }
  return found;
}

/** Lines that were added and removed in each path; null for what is not text. */
export async function countLines(
  git: Git,
  repository: string,
  from: string,
  to: string,
): Promise<Map<string, { added: number | null; removed: number | null }>> {
  const output = await git.run(repository, [
    'diff-tree',
    '-r',
    '-z',
    '--numstat',
    '--no-renames',
    ...plain,
    from,
    to,
  ]);
  const count = (value: string | undefined) => (value === undefined || value === '-' ? null : Number(value));
  const rows = output.toString().split('\0').filter(Boolean);
  return new Map(
    rows.map((row) => {
      const [added, removed, ...path] = row.split('\t');
      return [path.join('\t'), { added: count(added), removed: count(removed) }];
    }),
  );
}

/** The changes between two trees as a patch. */
export async function diffTrees(git: Git, repository: string, from: string, to: string): Promise<string> {
  return (
    await git.run(repository, ['diff-tree', '-r', '-p', '--no-renames', ...plain, from, to])
  ).toString();
}

const plain = ['--no-ext-diff', '--no-textconv'];

/** What is in some blobs, by one process. */
export async function readBlobs(
  git: Git,
  repository: string,
  ids: readonly string[],
): Promise<Map<string, Buffer>> {
  const wanted = [...new Set(ids)];
  const blobs = new Map<string, Buffer>();
  if (!wanted.length) return blobs;
  const output = await git.run(repository, ['cat-file', '--batch'], {
    input: `${wanted.join('\n')}\n`,
    maxBytes: 512_000_000,
    timeoutMs: 60_000,
  });
  let at = 0;
  for (const id of wanted) {
    const end = output.indexOf(10, at);
    const [, type, size] = output.toString('latin1', at, end).split(' ');
    if (type !== 'blob') throw new Error(`git has no blob ${id}`);
    blobs.set(id, output.subarray(end + 1, end + 1 + Number(size)));
    at = end + 1 + Number(size) + 1;
  }
  return blobs;
}
