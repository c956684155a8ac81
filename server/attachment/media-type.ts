/** The first bytes by which a kind of file is known. */
const signatures: readonly {
  type: string;
  at: number;
  bytes: readonly number[];
  and?: { at: number; bytes: readonly number[] };
}[] = [
  { type: 'image/png', at: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: 'image/jpeg', at: 0, bytes: [0xff, 0xd8, 0xff] },
  { type: 'image/gif', at: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
  {
    type: 'image/webp',
    at: 0,
    bytes: [0x52, 0x49, 0x46, 0x46],
    and: { at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
  },
  { type: 'application/pdf', at: 0, bytes: [0x25, 0x50, 0x44, 0x46, 0x2d] },
];

const has = (data: Uint8Array, { at, bytes }: { at: number; bytes: readonly number[] }) =>
  bytes.every((byte, index) => data[at + index] === byte);

/**
 * What a file is by its content: one of the kinds that a model takes, plain text, or bytes of another kind.
 */
export function typeByContent(data: Uint8Array): string {
  const known = signatures.find(
    (signature) => has(data, signature) && (!signature.and || has(data, signature.and)),
  );
  if (known) return known.type;
  return isText(data) ? 'text/plain' : 'application/octet-stream';
}

function isText(data: Uint8Array): boolean {
  // Control characters of texts: tab, line feed, form feed, carriage return, escape.
  if (data.some((byte) => byte < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d, 0x1b].includes(byte))) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(data);
    return true;
  } catch {
    return false;
  }
}

/** Whether a model gets a file of this type as a block of the message; others are put into the project. */
export const isForModel = (type: string): boolean =>
  type === 'application/pdf' || type.startsWith('image/') || type.startsWith('text/');

/**
 * The media type to go by: the declared one where the content bears it out, else the content's own. Null
 * where the two contradict each other.
 */
export function checkedType(declared: string | undefined, data: Uint8Array): string | null {
  const found = typeByContent(data);
  const said = (declared ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (said && !/^[\w.+-]+\/[\w.+-]+$/.test(said)) return null;
  if (!said || said === 'application/octet-stream' || said === found) return found;
  const isKnownKind = signatures.some(({ type }) => type === said) || said === 'image/jpg';
  if (said === 'image/jpg' && found === 'image/jpeg') return found;
  if (isKnownKind || (said.startsWith('text/') && found !== 'text/plain')) return null;
  // A text of a named kind (text/markdown, application/json, image/svg+xml) is a text to the model.
  if (found === 'text/plain') return 'text/plain';
  return found.startsWith('application/octet') ? said.replace(/^image\//, 'application/x-') : found;
}
