import { visible } from '../../../contract/visible.ts';

const wordsOf = (text: string) => text.match(/[\p{L}\p{N}]+/gu) ?? [];

/** Whether what is drawn of a Markdown text has each of its words, in their order. The numbers of a list are drawn by the browser. */
export function showsAll(source: string, drawn: string): boolean {
  const shown = wordsOf(drawn);
  let at = 0;
  for (const word of wordsOf(visible(source).replaceAll(/^[ \t>]*\d{1,9}[.)](?=\s)/gm, ''))) {
    while (at < shown.length && shown[at] !== word) at += 1;
    if (at === shown.length) return false;
    at += 1;
  }
  return true;
}
