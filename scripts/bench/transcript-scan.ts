import { execFile, spawnSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export const hasRipgrep = spawnSync('rg', ['--version']).status === 0;

async function transcriptFolders(home: string): Promise<string[]> {
  const root = join(home, 'projects');
  return (await readdir(root)).map((name) => join(root, name));
}

/** Calls stat for each transcript: the least that a list without an index has to do. */
export async function statAllTranscripts(home: string): Promise<void> {
  for (const folder of await transcriptFolders(home)) {
    const names = await readdir(folder);
    await Promise.all(names.map((name) => stat(join(folder, name))));
  }
}

/** Searches each transcript for a word, like a search without an index; with ripgrep if it is installed. */
export async function readAllTranscripts(home: string, word: string): Promise<void> {
  if (hasRipgrep) {
    const args = ['--count', '--fixed-strings', '--no-ignore', '--', word, join(home, 'projects')];
    await execute('rg', args, { maxBuffer: 64_000_000 });
    return;
  }
  for (const folder of await transcriptFolders(home)) {
    for (const name of await readdir(folder)) (await readFile(join(folder, name))).includes(word);
  }
}
