/** How well a path fits what was typed: lower is better; null where its letters do not come in this order. */
function scoreOf(path: string, query: string): number | null {
  const lower = path.toLowerCase();
  const name = lower.slice(lower.lastIndexOf('/') + 1);
  if (name.startsWith(query)) return path.length;
  if (name.includes(query)) return 1000 + path.length;
  if (lower.includes(query)) return 2000 + path.length;
  let at = -1;
  for (const letter of query) {
    at = lower.indexOf(letter, at + 1);
    if (at < 0) return null;
  }
  return 3000 + path.length;
}

/** The paths that fit what was typed, best first. */
export function matchFiles(paths: readonly string[], query: string, limit: number): string[] {
  const wanted = query.toLowerCase();
  return paths
    .map((path) => ({ path, score: scoreOf(path, wanted) }))
    .filter((row): row is { path: string; score: number } => row.score !== null)
    .sort((a, b) => a.score - b.score || (a.path < b.path ? -1 : 1))
    .slice(0, limit)
    .map(({ path }) => path);
}
