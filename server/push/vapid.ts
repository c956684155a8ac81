import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { type NoteFault, readRemakeable } from '../util/file-fault.ts';

export type VapidKeys = { publicKey: string; privateKey: string };

/** An uncompressed point of P-256 and its scalar, in base64url. */
const keyShapes = { publicKey: /^[\w-]{87}$/, privateKey: /^[\w-]{43}$/ };

const instead = 'new keys were made, and browsers must turn notifications on again';

/**
 * The keys by which push services know this server: made on first use, and kept in the data folder (0600).
 * `isKnown` says whether a browser knows keys of before.
 */
export async function loadVapidKeys(
  folder: string,
  note: NoteFault,
  isKnown: () => boolean,
): Promise<VapidKeys> {
  const file = join(folder, 'vapid.json');
  if (!lstatSync(file, { throwIfNoEntry: false }) && isKnown()) note(file, `${file} is missing: ${instead}.`);
  const kept = readRemakeable(file, { parse: toKeys, note, instead });
  if (kept) return kept;
  const { default: webPush } = await import('web-push');
  const keys = webPush.generateVAPIDKeys();
  await writeFileAtomic(file, `${JSON.stringify(keys)}\n`, { mode: 0o600 });
  return keys;
}

function toKeys(text: string): VapidKeys | null {
  const { publicKey, privateKey } = JSON.parse(text);
  const isWhole =
    keyShapes.publicKey.test(String(publicKey)) && keyShapes.privateKey.test(String(privateKey));
  return isWhole ? { publicKey, privateKey } : null;
}
