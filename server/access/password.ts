import { randomInt } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import expressBasicAuth from 'express-basic-auth';
import writeFileAtomic from 'write-file-atomic';
import { AppError } from '../app-error.ts';
import { type NoteFault, readRemakeable } from '../util/file-fault.ts';
import type { LoginLimit } from './login-limit.ts';

/** Letters that cannot be taken for one another when they are typed on a phone. */
const letters = 'abcdefghijkmnpqrstuvwxyz23456789';

/** A password in the file that is shorter can be guessed, or is what is left of one. */
const shortest = 12;

const groups = 4;
const groupLength = 5;

const fullGroup = `[${letters}]{${groupLength}}`;

/**
 * A part of a password of ours, which ends with a line break in the file: what is left of one after the file
 * was cut.
 */
const cutShape = new RegExp(
  `^${fullGroup}(-${fullGroup}){0,${groups - 2}}(-[${letters}]{0,${groupLength - 1}})?$`,
);

/** What is said if the file was of no use. */
export const otherPassword = 'a new password was made, and devices must sign in again';

type LoadedPassword = { password: string; file: string | null; isNew: boolean };

/**
 * The password from the settings, or one that is made once and kept in the data folder for its owner
 * alone to read. `file` is its path, for the second; `isNew` if there was no such file.
 */
export function loadPassword(given: string, folder: string, note: NoteFault): LoadedPassword {
  if (given) return { password: given, file: null, isNew: false };
  const file = join(folder, 'password');
  const isNew = !lstatSync(file, { throwIfNoEntry: false });
  const kept = readRemakeable(file, { parse: toPassword, note, instead: otherPassword });
  if (kept) return { password: kept, file, isNew };
  // Four groups of five: 100 bits, typed in a quarter of a minute.
  const makeGroup = () =>
    Array.from({ length: groupLength }, () => letters[randomInt(letters.length)]).join('');
  const password = Array.from({ length: groups }, makeGroup).join('-');
  writeFileAtomic.sync(file, `${password}\n`, { mode: 0o600 });
  return { password, file, isNew };
}

/** A file that was cut or overwritten holds less, or more than one line of letters. */
function toPassword(text: string): string | null {
  if (cutShape.test(text)) return null;
  const password = text.replace(/^\uFEFF/, '').trim();
  return password.length >= shortest && /^[^\p{C}\uFFFD]+$/u.test(password) ? password : null;
}

/**
 * Checks a name and a password. Throws AppError `wrong_credentials`, or `too_many_logins` before it even
 * looks.
 */
export type CheckPassword = (address: string, username: string, password: string) => Promise<void>;

export function createPasswordCheck(deps: {
  username: string;
  password: string;
  limit: LoginLimit;
}): CheckPassword {
  return async function checkPassword(address, username, password) {
    const seconds = await deps.limit.blockedFor(address);
    if (seconds !== null) {
      throw new AppError('too_many_logins', `Too many wrong passwords; try again in ${seconds} s.`, {
        retryAfterS: seconds,
      });
    }
    // Both are compared, each in constant time.
    const isName = expressBasicAuth.safeCompare(username, deps.username);
    const isPassword = expressBasicAuth.safeCompare(password, deps.password);
    if (isName && isPassword) return deps.limit.countRight(address);
    await deps.limit.countWrong(address);
    throw new AppError('wrong_credentials', 'The user name or the password is wrong.');
  };
}
