import { execFileSync } from 'node:child_process';
import { packageRoot } from './server.ts';

const script = `
const [file, sql] = process.argv.slice(1);
const database = new (require('libsql'))(file);
const statement = database.prepare(sql);
process.stdout.write(JSON.stringify(statement.reader ? statement.all() : (database.exec(sql), [])));`;

/**
 * Runs a statement on a database and returns its rows. It runs in a process of its own: libsql keeps a closed file open,
 * and locked, until the garbage collector has taken its statements (0.5.29), which keeps a server out of its journal.
 */
export function queryDatabase(file: string, sql: string): unknown[] {
  return JSON.parse(
    execFileSync(process.execPath, ['-e', script, file, sql], { cwd: packageRoot, encoding: 'utf8' }),
  );
}
