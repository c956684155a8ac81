import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

export type VapidKeys = { publicKey: string; privateKey: string };

/** The keys by which push services know this server: made on first use, and kept in the data folder (0600). */
export async function loadVapidKeys(folder: string): Promise<VapidKeys> {
  const file = join(folder, 'vapid.json');
  try {
    const { publicKey, privateKey } = JSON.parse(await readFile(file, 'utf8'));
    if (typeof publicKey === 'string' && typeof privateKey === 'string') return { publicKey, privateKey };
  } catch (error) {
    // A damaged file is replaced: browsers then subscribe anew.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && !(error instanceof SyntaxError)) throw error;
  }
  const { default: webPush } = await import('web-push');
  const keys = webPush.generateVAPIDKeys();
  await writeFileAtomic(file, `${JSON.stringify(keys)}\n`, { mode: 0o600 });
  return keys;
}
