import { randomBytes, scryptSync } from 'node:crypto';
import { nanoid } from 'nanoid';
import { hashToken } from '../util/hash-token.ts';
import type { Database } from './database.ts';

export type CredentialKind = 'cookie' | 'token';
export type Credential = {
  id: string;
  kind: CredentialKind;
  label: string;
  created_at: string;
  last_used_at: string;
};

/** How long a browser stays signed in. Safari forgets cookies after 400 days at the latest. */
export const cookieMs = 365 * 24 * 3600 * 1000;

/** How often the time of last use is written, so that a request costs no write. */
const useEveryMs = 60_000;

/**
 * Sign-ins of browsers and tokens of scripts: 256 random bits each, of which only the hash is stored.
 */
export interface CredentialStore {
  /** Creates one. `secret` is not stored. */
  create(kind: CredentialKind, label: string): { credential: Credential; secret: string };
  /** The credential that a secret belongs to, noting its use. */
  find(kind: CredentialKind, secret: string): Credential | null;
  list(): Credential[];
  /** False if there is none of this id. */
  revoke(id: string): boolean;
  /** Revokes everything if the password is another than at the last start, and says whether it was. */
  endIfPasswordChanged(): boolean;
}

/**
 * Identifies the password of an earlier start: a slow hash, so that it cannot be guessed from the data
 * folder.
 */
const fingerprint = (password: string, salt: string) =>
  `scrypt:${salt}:${scryptSync(password, salt, 32).toString('hex')}`;

/** The hash of a cookie includes `password`: a new password invalidates all cookies. */
export function createCredentialStore({
  database,
  password,
  now,
}: {
  database: Database;
  password: string;
  now(): Date;
}): CredentialStore {
  const fields = 'id, kind, label, created_at, last_used_at';
  const insert = database.prepare(
    'INSERT INTO credential (id, kind, hash, label, created_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const all = database.prepare(`SELECT ${fields}, hash FROM credential`).all() as (Credential & {
    hash: string;
  })[];
  const used = database.prepare('UPDATE credential SET last_used_at = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM credential WHERE id = ?');
  const removeAll = database.prepare('DELETE FROM credential');
  const readMark = database.prepare("SELECT value FROM mark WHERE name = 'password'");
  const setMark = database.prepare(
    "INSERT INTO mark VALUES ('password', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
  );

  /**
   * All credentials, by kind and hash: while the journal is damaged, signed-in clients can read what does not
   * need it.
   */
  const known = new Map(all.map((row) => [keyOf(row.kind, row.hash), toCredential(row)]));

  const hash = (kind: CredentialKind, secret: string) =>
    hashToken(kind === 'cookie' ? `${secret}\0${password}` : secret);

  return {
    create(kind, label) {
      const secret = (kind === 'token' ? 'swb_' : '') + randomBytes(32).toString('base64url');
      const at = now().toISOString();
      const credential = { id: nanoid(12), kind, label, created_at: at, last_used_at: at };
      const hashed = hash(kind, secret);
      // Without a journal, a browser's sign-in is valid for this run, so that people can see what is wrong.
      if (kind === 'token' || !database.standIn)
        database.durably(() => insert.run(credential.id, kind, hashed, label, at, at));
      known.set(keyOf(kind, hashed), credential);
      return { credential, secret };
    },
    find(kind, secret) {
      const credential = known.get(keyOf(kind, hash(kind, secret)));
      if (!credential) return null;
      const at = now();
      if (kind === 'cookie' && at.getTime() - Date.parse(credential.created_at) > cookieMs) return null;
      if (at.getTime() - Date.parse(credential.last_used_at) > useEveryMs) {
        credential.last_used_at = at.toISOString();
        try {
          database.transact(() => used.run(at.toISOString(), credential.id));
        } catch {
          // A full disk must not lock the person out.
        }
      }
      return { ...credential };
    },
    list: () =>
      [...known.values()]
        .map((one) => ({ ...one }))
        .sort((a, b) => (a.last_used_at < b.last_used_at ? 1 : -1)),
    revoke(id) {
      const found = [...known].find(([, credential]) => credential.id === id);
      if (!found) return false;
      if (!database.standIn) database.durably(() => remove.run(id));
      known.delete(found[0]);
      return true;
    },
    endIfPasswordChanged() {
      const noted = (readMark.get() as { value: string } | undefined)?.value;
      if (noted === fingerprint(password, noted?.split(':')[1] ?? '')) return false;
      const mark = fingerprint(password, randomBytes(16).toString('hex'));
      if (noted !== undefined) {
        database.durably(() => {
          removeAll.run();
          setMark.run(mark);
        });
        known.clear();
        return true;
      }
      // A data folder of an earlier version does not say which password it had.
      try {
        database.durably(() => setMark.run(mark));
      } catch {
        // The disk is full: it is noted at the next start.
      }
      return false;
    },
  };
}

const keyOf = (kind: CredentialKind, hash: string) => `${kind} ${hash}`;

/** Drops the field that libsql adds to each row. */
const toCredential = ({ id, kind, label, created_at, last_used_at }: Credential): Credential => ({
  id,
  kind,
  label,
  created_at,
  last_used_at,
});
