import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';

/** A user other than that of the tests. */
export const nobody = 65534;

export const isRoot = process.getuid?.() === 0;

const noise = (size: number) =>
  Buffer.from(Array.from({ length: size }, (_, index) => (index * 73 + (index >> 3) * 31 + 41) % 256));

/** The path itself, and all that is in it if it is a folder. */
function listAll(path: string): string[] {
  if (!lstatSync(path).isDirectory()) return [path];
  return [path, ...readdirSync(path, { recursive: true }).map((name) => join(path, String(name)))];
}

function changeFiles(path: string, change: (file: string, size: number) => void): void {
  for (const one of listAll(path)) {
    const found = lstatSync(one);
    if (found.isFile()) change(one, found.size);
  }
}

const modeOf = (path: string, ofFolder: number, ofFile: number) =>
  lstatSync(path).isDirectory() ? ofFolder : ofFile;

/** Gives a path with all in it to a user; needs root. */
export function give(path: string, uid: number): void {
  for (const one of listAll(path)) if (!lstatSync(one).isSymbolicLink()) chownSync(one, uid, uid);
}

function replaceByLink(path: string, target: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path);
}

/** What can become of a file or a folder. What is done to a folder's files is done to all of them. */
export const fileFaults = {
  missing: (path) => rmSync(path, { recursive: true, force: true }),
  empty: (path) => changeFiles(path, (file) => truncateSync(file)),
  cut: (path) => changeFiles(path, (file, size) => truncateSync(file, Math.floor(size / 2))),
  zeroed: (path) => changeFiles(path, (file, size) => writeFileSync(file, Buffer.alloc(size))),
  random: (path) => changeFiles(path, (file, size) => writeFileSync(file, noise(size))),
  'read-only': (path) => {
    for (const one of listAll(path).reverse()) chmodSync(one, modeOf(one, 0o500, 0o400));
  },
  'foreign owner': (path) => {
    for (const one of listAll(path).reverse()) {
      chmodSync(one, isRoot ? modeOf(one, 0o700, 0o600) : 0o000);
      if (isRoot) chownSync(one, 0, 0);
    }
  },
  /** A folder becomes a file. */
  'a folder': (path) => {
    const isFolder = lstatSync(path).isDirectory();
    rmSync(path, { recursive: true, force: true });
    if (isFolder) writeFileSync(path, 'not a folder');
    else mkdirSync(join(path, 'something'), { recursive: true });
  },
  'a link': (path) => {
    const elsewhere = join(path, '../..', `${basename(path)}-elsewhere`);
    rmSync(elsewhere, { recursive: true, force: true });
    renameSync(path, elsewhere);
    symlinkSync(elsewhere, path);
  },
  'a dangling link': (path) => replaceByLink(path, join('/nowhere', basename(path))),
  'a loop': (path) => replaceByLink(path, path),
} satisfies Record<string, (path: string) => void>;

export type FileFault = keyof typeof fileFaults;
