import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';

/**
 * Finds the claude command: as CLAUDE_BIN says, then on PATH, then in the node_modules of `packageRoot`
 * (the platform packages of Claude Code and of its SDK both ship it). Null if there is none.
 */
export async function locateClaude(deps: {
  bin: string;
  path: string;
  packageRoot: string;
}): Promise<string | null> {
  if (deps.bin) {
    if (isAbsolute(deps.bin) || deps.bin.includes('/')) return firstExecutable([resolve(deps.bin)]);
    return firstExecutable(onPath(deps.bin, deps.path));
  }
  const name = process.platform === 'win32' ? 'claude.exe' : 'claude';
  const modules = join(deps.packageRoot, 'node_modules', '@anthropic-ai');
  const platform = `${process.platform}-${process.arch}`;
  const packages = [
    `claude-agent-sdk-${platform}`,
    `claude-agent-sdk-${platform}-musl`,
    `claude-code-${platform}`,
  ];
  return firstExecutable([
    ...onPath(name, deps.path),
    ...packages.map((folder) => join(modules, folder, name)),
  ]);
}

const onPath = (name: string, path: string) =>
  path
    .split(delimiter)
    .filter(Boolean)
    // From here: a path that is not absolute would begin in the project in which it is started.
    .map((folder) => resolve(folder, name));

async function firstExecutable(paths: string[]): Promise<string | null> {
  for (const path of paths) {
    try {
      await access(path, constants.X_OK);
      if ((await stat(path)).isFile()) return path;
    } catch {
      // Not there, or not to be run: the next one.
    }
  }
  return null;
}
