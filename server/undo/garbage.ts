import type { Git } from '../git/git.ts';

const patienceMs = 10 * 60_000;

const prefix = 'refs/trees/';

/** Removes everything from a repository of ours that is not part of one of these trees. */
export async function collectGarbage(
  git: Git,
  repository: string,
  trees: ReadonlySet<string>,
): Promise<void> {
  const options = { timeoutMs: patienceMs };
  const listed = (await git.run(repository, ['for-each-ref', '--format=%(refname)', prefix]))
    .toString()
    .split('\n')
    .filter(Boolean);
  const known = new Set(listed.map((ref) => ref.slice(prefix.length)));
  const lines = [
    'delete refs/heads/latest',
    ...[...known].filter((tree) => !trees.has(tree)).map((tree) => `delete ${prefix}${tree}`),
    ...[...trees].filter((tree) => !known.has(tree)).map((tree) => `create ${prefix}${tree} ${tree}`),
  ];
  await git.run(repository, ['update-ref', '--stdin'], { input: `${lines.join('\n')}\n`, ...options });
  await git.run(repository, ['repack', '-a', '-d', '-q'], options);
  await git.run(repository, ['prune', '--expire=now'], options);
}
