/** Half a character: strict parsers of JSON refuse it. */
const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** A foreign value as text; empty for an object or list, for which `String` can throw. */
export function asText(value: unknown, fallback = ''): string {
  if (typeof value === 'string') return value.replace(loneSurrogate, '\ufffd');
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : fallback;
}

/** A value of somebody else's as a number that can be counted with and written as JSON. */
export function figure(value: unknown, fallback = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : fallback;
}
