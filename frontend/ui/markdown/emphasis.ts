import type { Node, NodeList, Run } from './nodes.ts';

type Delimiter = {
  node: Node;
  run: Run;
  /** How many signs the run had at first. */
  total: number;
  canOpen: boolean;
  canClose: boolean;
  before: Delimiter | null;
  after: Delimiter | null;
};

/** Deeper nesting than this is shown as it was written. */
export const maxInlineDepth = 12;

const isSpace = (letter: string) => letter === '' || /\s/u.test(letter);
const isPunctuation = (letter: string) => /[\p{P}\p{S}]/u.test(letter);
/** Scripts that put no space between words: a sign beside one of their letters is at a border of words. */
const isWide = (letter: string) => /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}]/u.test(letter);

/** Whether a run of signs may begin and end emphasis, by the letters beside it (CommonMark, "left-flanking"). */
function sidesOf(sign: string, before: string, after: string): { canOpen: boolean; canClose: boolean } {
  const isBorder = (letter: string) => isSpace(letter) || isPunctuation(letter) || isWide(letter);
  const isLeft = !isSpace(after) && (!isPunctuation(after) || isBorder(before));
  const isRight = !isSpace(before) && (!isPunctuation(before) || isBorder(after));
  if (sign !== '_') return { canOpen: isLeft, canClose: isRight };
  return {
    canOpen: isLeft && (!isRight || isPunctuation(before)),
    canClose: isRight && (!isLeft || isPunctuation(after)),
  };
}

/** A pair whose lengths add up to a multiple of three is none, if one of them could be on either side (rule 9 of CommonMark). */
function isPair(opener: Delimiter, closer: Delimiter): boolean {
  if (!opener.canOpen || opener.run.sign !== closer.run.sign) return false;
  if (closer.run.sign === '~') return opener.run.count === closer.run.count && opener.run.count <= 2;
  if (!closer.canOpen && !opener.canClose) return true;
  return closer.total % 3 === 0 || (opener.total + closer.total) % 3 !== 0;
}

const typeOf = (sign: string, used: number) =>
  sign === '~' ? 'deleted' : used === 2 ? 'strong' : 'emphasis';

/** What closers of a kind have in common: if one has found no opener, the next one need not look there again. */
const kindOf = ({ run, canOpen, total }: Delimiter) =>
  `${run.sign}${canOpen}${run.sign === '~' ? run.count : total % 3}`;

/** The runs of signs that wait to become emphasis. */
export class Delimiters {
  #last: Delimiter | null = null;
  readonly #list: NodeList;

  constructor(list: NodeList) {
    this.#list = list;
  }

  get last(): Delimiter | null {
    return this.#last;
  }

  add(sign: string, count: number, before: string, after: string): void {
    const run = { sign, count };
    const node = this.#list.add(run);
    const sides = sidesOf(sign, before, after);
    if (!sides.canOpen && !sides.canClose) return;
    const delimiter: Delimiter = { node, run, total: count, ...sides, before: this.#last, after: null };
    if (this.#last) this.#last.after = delimiter;
    this.#last = delimiter;
  }

  /** Makes emphasis of the runs after `bottom`, and forgets them. */
  match(bottom: Delimiter | null): void {
    let closer: Delimiter | null = this.#last;
    while (closer && closer.before !== bottom) closer = closer.before;
    const lowest = new Map<string, Delimiter | null>();
    while (closer) {
      const opener: Delimiter | null = closer.canClose ? this.#findOpener(closer, bottom, lowest) : null;
      const next: Delimiter | null = closer.after;
      if (opener) closer = this.#join(opener, closer) ? next : closer;
      else {
        if (closer.canClose) lowest.set(kindOf(closer), closer.before);
        if (closer.canClose && !closer.canOpen) this.#drop(closer);
        closer = next;
      }
    }
    while (this.#last && this.#last !== bottom) this.#drop(this.#last);
  }

  #findOpener(
    closer: Delimiter,
    bottom: Delimiter | null,
    lowest: Map<string, Delimiter | null>,
  ): Delimiter | null {
    const end = lowest.get(kindOf(closer));
    for (let opener = closer.before; opener && opener !== bottom && opener !== end; opener = opener.before) {
      if (!isPair(opener, closer)) continue;
      return this.#list.depthBetween(opener.node, closer.node) < maxInlineDepth ? opener : null;
    }
    return null;
  }

  /** Puts what stands between two runs into emphasis. Whether the closer is used up by that. */
  #join(opener: Delimiter, closer: Delimiter): boolean {
    const used =
      closer.run.sign === '~' ? closer.run.count : opener.run.count >= 2 && closer.run.count >= 2 ? 2 : 1;
    const depth = this.#list.depthBetween(opener.node, closer.node) + 1;
    const children = this.#list.takeBetween(opener.node, closer.node);
    this.#list.insertAfter(opener.node, { type: typeOf(closer.run.sign, used), children }, depth);
    opener.after = closer;
    closer.before = opener;
    for (const one of [opener, closer]) {
      one.run.count -= used;
      if (one.run.count > 0) continue;
      this.#list.remove(one.node);
      this.#drop(one);
    }
    return closer.run.count === 0;
  }

  #drop({ before, after }: Delimiter): void {
    if (before) before.after = after;
    if (after) after.before = before;
    else this.#last = before;
  }
}
