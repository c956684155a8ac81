import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { createWorkspace } from './workspace.ts';

export const turns = 20;

/** Writes into a journal, and leaves it as a crash does: with its log, and without its lock. */
const crash = `
import { openDatabase } from './server/store/database.ts';
const database = openDatabase(process.argv[1]);
const add = database.prepare("INSERT INTO turn (id, conv_id, message, options, state, fingerprint, created_at) VALUES (?, 'a', ?, '{}', 'completed', '', '')");
for (let n = 0; n < ${turns}; n += 1) database.durably(() => add.run(String(n), JSON.stringify('x'.repeat(2000))));
process.kill(process.pid, 'SIGKILL');
`;

export async function leaveCrashed(): Promise<string> {
  const folder = join((await createWorkspace()).root, 'used');
  const cwd = join(import.meta.dirname, '../..');
  spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', crash, folder], { cwd });
  expect(existsSync(join(folder, 'switchboard.db-wal'))).toBe(true);
  return folder;
}

export function copyOf(folder: string, name: string): string {
  const copy = `${folder}-${name.replaceAll(/\W+/g, '-')}`;
  cpSync(folder, copy, { recursive: true });
  return copy;
}

export const noise = (size: number) =>
  Buffer.from(Array.from({ length: size }, (_, index) => (index * 73 + (index >> 3) * 31 + 41) % 256));
export const journalOf = (folder: string) => join(folder, 'switchboard.db');
export const logOf = (folder: string) => `${journalOf(folder)}-wal`;
export const markOf = (folder: string) => join(folder, 'journal.mark');
export const keptIn = (folder: string) => readdirSync(folder).filter((name) => name.includes('.damaged-'));
export const fill = (path: string, make: (size: number) => Buffer) =>
  writeFileSync(path, make(statSync(path).size));
export const overwrite = (path: string, bytes: Buffer, at: number) =>
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, at);
export const countTurns = (database: Database) =>
  (database.prepare('SELECT count(*) AS count FROM turn').get() as { count: number }).count;

export function open(folder: string, acceptEmpty = false) {
  const notes: string[] = [];
  const database = openDatabase(folder, { acceptEmpty, note: (_file, text) => void notes.push(text) });
  onTestFinished(() => database.dispose());
  return { database, notes: notes.join('\n') };
}
