import Libsql from 'libsql';
import { AppError } from '../app-error.ts';
import type { Database, Statement } from './database-type.ts';
import { migrate } from './schema.ts';

/** The stand-in for a journal that cannot be used and still locks other servers out. */
export const createLockedStandIn = (reason: string, sqlite: Libsql.Database, release: () => void): Database =>
  createStandIn(reason, {
    dispose() {
      sqlite.close();
      release();
    },
  });

/**
 * Takes the place of a journal that cannot be used, so that everything that does not need it works. While the
 * server starts it is an empty journal; after `seal` reads fail like writes: an empty answer would be wrong.
 */
function createStandIn(reason: string, lock: { dispose(): void }): Database {
  const memory = new Libsql(':memory:');
  migrate(memory);
  let isSealed = false;
  const refuse = (): never => {
    throw new AppError('storage_unavailable', reason);
  };
  const guarded =
    <A extends unknown[], R>(call: (...values: A) => R, statement: Libsql.Statement) =>
    (...values: A): R =>
      isSealed ? refuse() : call.apply(statement, values);
  const standIn: Database = {
    prepare(sql): Statement {
      const statement = memory.prepare(sql);
      return { run: refuse, get: guarded(statement.get, statement), all: guarded(statement.all, statement) };
    },
    transact: refuse,
    durably: refuse,
    requireUsable: refuse,
    trouble: () => reason,
    standIn: reason,
    seal() {
      isSealed = true;
    },
    toStandIn: () => standIn,
    createdMs: 0,
    dispose() {
      isSealed = true;
      memory.close();
      lock.dispose();
    },
  };
  return standIn;
}
