import { execFileSync } from 'node:child_process';
import { packageRoot } from './server.ts';

const script = `
const [file, sql] = process.argv.slice(1);
const database = new (require('libsql'))(file);
const statement = database.prepare(sql);
process.stdout.write(JSON.stringify(statement.reader ? statement.all() : (database.exec(sql), [])));`;

/**
 * Runs a statement on a database and returns its rows. It runs in a separate process: libsql (0.5.29) keeps a closed
 * file open, and locked, until its statements are garbage-collected, which would keep a server out of its journal.
 */
export function queryDatabase(file: string, sql: string): unknown[] {
  return JSON.parse(
    execFileSync(process.execPath, ['-e', script, file, sql], { cwd: packageRoot, encoding: 'utf8' }),
  );
}
