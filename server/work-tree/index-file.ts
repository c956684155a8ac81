/** What git's index says before each name: times, numbers, modes and sizes of the file. */
const statBytes = 40;

/** The hashes of git: SHA-1, and SHA-256 in repositories that were made with it. */
const hashSizes = [20, 32];

/**
 * The names of the files that git tracks, from the bytes of its index (gitformat-index(5), versions 2 to 4).
 * Other repositories and folders of a sparse index are not among them. Null if the bytes are something else.
 */
export function trackedNames(data: Buffer): string[] | null {
  if (data.length < 12 || data.toString('latin1', 0, 4) !== 'DIRC') return null;
  const [version, count] = [data.readUInt32BE(4), data.readUInt32BE(8)];
  if (version < 2 || version > 4) return null;
  for (const hashSize of hashSizes) {
    const names = readEntries(data, { version, count, hashSize });
    if (names) return names;
  }
  return null;
}

function readEntries(
  data: Buffer,
  { version, count, hashSize }: { version: number; count: number; hashSize: number },
): string[] | null {
  const names: string[] = [];
  const fixed = statBytes + hashSize + 2;
  let at = 12;
  let before = Buffer.alloc(0);
  for (let number = 0; number < count; number += 1) {
    if (at + fixed > data.length) return null;
    const mode = data.readUInt32BE(at + 24);
    const isExtended = (data.readUInt16BE(at + statBytes + hashSize) & 0x4000) !== 0;
    let start = at + fixed + (isExtended ? 2 : 0);
    let kept = Buffer.alloc(0);
    if (version === 4) {
      const cut = readVarint(data, start);
      if (!cut || cut.value > before.length) return null;
      kept = before.subarray(0, before.length - cut.value);
      start = cut.end;
    }
    const end = data.indexOf(0, start);
    if (end < 0) return null;
    const name = Buffer.concat([kept, data.subarray(start, end)]);
    before = name;
    const type = mode & 0o170000;
    if (![0o100000, 0o120000, 0o160000, 0o040000].includes(type)) return null;
    if ((type === 0o100000 || type === 0o120000) && name.length) names.push(name.toString());
    // Up to version 3 zeros fill each entry up to a multiple of eight bytes.
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return names;
}

/** A number of variable length, as in git's packs (an offset). */
function readVarint(data: Buffer, start: number): { value: number; end: number } | null {
  let at = start;
  let byte = data[at];
  if (byte === undefined) return null;
  let value = byte & 0x7f;
  while (byte & 0x80) {
    at += 1;
    byte = data[at];
    if (byte === undefined || value > 1 << 24) return null;
    value = ((value + 1) << 7) | (byte & 0x7f);
  }
  return { value, end: at + 1 };
}
