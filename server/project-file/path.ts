/** Why a file of a project was refused or could not be reached. */
export type RefusalReason =
  | 'bad_path'
  | 'link'
  | 'not_a_folder'
  | 'not_a_file'
  | 'moved'
  | 'too_large'
  | 'failed';

/** A file or folder of a project that was not touched. The message names its path and says why. */
export class ProjectFileError extends Error {
  readonly path: string;
  readonly reason: RefusalReason;

  constructor(path: string, reason: RefusalReason, why: string, cause?: unknown) {
    super(`${path || '.'}: ${why}`, { cause });
    this.name = 'ProjectFileError';
    this.path = path;
    this.reason = reason;
  }
}

/**
 * The components of a path inside a project; none for the project itself. Throws ProjectFileError `bad_path`.
 */
export function splitPath(path: string): string[] {
  if (path === '') return [];
  const names = path.split('/');
  const isPlain = (name: string) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0');
  if (!names.every(isPlain))
    throw new ProjectFileError(JSON.stringify(path), 'bad_path', 'it is not a path inside the project');
  return names;
}

/** HFS+ leaves these characters out when it compares names. */
const ignoredByHfs = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu;

/**
 * Whether some file system takes a name for `.git`: HFS+ and APFS fold case and leave characters out, NTFS
 * drops dots and spaces at the end, has short names and streams, and takes a backslash for a slash.
 */
export function isGitName(name: string): boolean {
  return name.split('\\').some((part) => {
    const plain = (part.split(':')[0] ?? '')
      .replace(ignoredByHfs, '')
      .normalize('NFC')
      .toLowerCase()
      .replace(/[. ]+$/, '');
    return plain === '.git' || /^git~\d+$/.test(plain);
  });
}
