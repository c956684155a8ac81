import { AppError } from '../app-error.ts';
import { createFile, writeFile } from '../project-file/file.ts';
import type { StoredAttachment } from '../store/port.ts';

const ownFolder = '.switchboard';

/** Writes files into a separate folder of a project; returns the lines that name them to the model. */
export async function placeFiles(
  id: string,
  files: readonly StoredAttachment[],
  project: string,
  read: (file: StoredAttachment) => Promise<Buffer>,
): Promise<string> {
  if (!files.length) return '';
  const folder = `${ownFolder}/uploads/${id}`;
  const names = freeNames(files.map(({ name }) => name));
  try {
    for (const [number, file] of files.entries())
      await writeFile(project, `${folder}/${names[number]}`, await read(file));
    // Nothing of it is to be committed. One that is there already was put there by the project, and stays.
    await createFile(project, `${ownFolder}/.gitignore`, '*\n');
  } catch (error) {
    throw new AppError(
      'attachment_refused',
      `The attachments cannot be put into ${project}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  const lines = names.map(
    (name, number) => `- ${folder}/${name} (${files[number]?.media_type}, ${files[number]?.bytes} bytes)`,
  );
  return `\n\nAttached files, in the project folder:\n${lines.join('\n')}`;
}

/** Names of which each is used once. */
function freeNames(names: readonly string[]): string[] {
  const used = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let number = 2; used.has(free); number += 1) free = `${number}-${name}`;
    used.add(free);
    return free;
  });
}
