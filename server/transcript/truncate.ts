/** Cuts a text to `max` UTF-16 units, never inside of a pair. */
export function truncateText(text: string, max: number): { text: string; clipped?: true } {
  if (text.length <= max) return { text };
  const end = text.charCodeAt(max - 1) >= 0xd800 && text.charCodeAt(max - 1) <= 0xdbff ? max - 1 : max;
  return { text: text.slice(0, end), clipped: true };
}
