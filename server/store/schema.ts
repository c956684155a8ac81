import type Libsql from 'libsql';
import { migrations } from './migrations.ts';

/** The version that this release writes, as `PRAGMA user_version`. */
export const schemaVersion = migrations.length;

export const versionOf = (sqlite: Libsql.Database): number =>
  (sqlite.prepare('PRAGMA user_version').get() as { user_version: number }).user_version;

/** Brings the tables up to this release. Call it inside a transaction. */
export function migrate(sqlite: Libsql.Database): void {
  const version = versionOf(sqlite);
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    sqlite.exec(sql);
    sqlite.exec(`PRAGMA user_version = ${index + 1}`);
  }
}
