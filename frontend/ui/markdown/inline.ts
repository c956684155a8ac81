import { type BareLink, createBareLinks } from './bare-link.ts';
import { Delimiters, maxInlineDepth } from './emphasis.ts';
import {
  createCodeSpans,
  type Definitions,
  escapedAt,
  linkTargetAt,
  pointedAt,
  referenceAt,
} from './inline-rule.ts';
import { type Inline, type Node, NodeList } from './nodes.ts';

type Bracket = { node: Node; isImage: boolean; end: number; delimiter: Delimiters['last'] };

/** What stands between signs that can begin something. */
const plain = /[^\\`*_~[\]!<\n]+/y;

/**
 * Reads a text as the appendix of CommonMark describes it: brackets and runs of signs wait on stacks, and each sign is
 * looked at a bounded number of times, whatever the text.
 */
class InlineReader {
  readonly #text: string;
  readonly #definitions: Definitions;
  readonly #list = new NodeList();
  readonly #delimiters = new Delimiters(this.#list);
  readonly #codeAt: ReturnType<typeof createCodeSpans>;
  readonly #bareLinkFrom: (from: number) => BareLink | null;
  readonly #brackets: Bracket[] = [];
  /** Brackets below this one have a link in them: they begin none. */
  #closedBelow = 0;
  #at = 0;

  constructor(text: string, definitions: Definitions) {
    this.#text = text;
    this.#definitions = definitions;
    this.#codeAt = createCodeSpans(text);
    this.#bareLinkFrom = createBareLinks(text);
  }

  read(): Inline[] {
    while (this.#at < this.#text.length) this.#step();
    this.#delimiters.match(null);
    return this.#list.finish();
  }

  /** Adds what stands before `end` as text. */
  #addText(end: number, text = this.#text.slice(this.#at, end)): void {
    if (text) this.#list.add({ type: 'text', text });
    this.#at = end;
  }

  #step(): void {
    const link = this.#bareLinkFrom(this.#at);
    if (link?.start === this.#at) {
      const children: Inline[] = [{ type: 'text', text: this.#text.slice(link.start, link.end) }];
      this.#list.add({ type: 'link', href: link.address, children }, 1);
      this.#at = link.end;
      return;
    }
    plain.lastIndex = this.#at;
    const run = plain.exec(this.#text)?.[0].length ?? 0;
    if (run) this.#addText(Math.min(this.#at + run, link?.start ?? this.#text.length));
    else this.#readSign(this.#text[this.#at] ?? '');
  }

  #readSign(sign: string): void {
    const after = this.#text[this.#at + 1];
    if (sign === '\\') this.#readEscape();
    else if (sign === '`') this.#readCode();
    else if (sign === '*' || sign === '_' || sign === '~') this.#readRun(sign);
    else if (sign === '[') this.#openBracket(1, false);
    else if (sign === '!' && after === '[') this.#openBracket(2, true);
    else if (sign === ']') this.#closeBracket();
    else if (sign === '<') this.#readPointed();
    else if (sign === '\n') this.#readBreak(this.#at + 1);
    else this.#addText(this.#at + 1);
  }

  #readEscape(): void {
    const sign = escapedAt(this.#text, this.#at);
    if (this.#text[this.#at + 1] === '\n') this.#readBreak(this.#at + 2);
    else if (sign === null) this.#addText(this.#at + 1);
    else this.#addText(this.#at + 2, sign);
  }

  #readCode(): void {
    const { text, end } = this.#codeAt(this.#at);
    if (text === null) {
      this.#addText(end);
      return;
    }
    this.#list.add({ type: 'code', text });
    this.#at = end;
  }

  #readRun(sign: string): void {
    let end = this.#at + 1;
    while (this.#text[end] === sign) end += 1;
    this.#delimiters.add(sign, end - this.#at, letterBefore(this.#text, this.#at), letterAt(this.#text, end));
    this.#at = end;
  }

  #readBreak(end: number): void {
    const last = this.#list.last?.part;
    if (last && 'type' in last && last.type === 'text') last.text = last.text.trimEnd();
    this.#list.add({ type: 'break' });
    this.#at = end;
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1;
  }

  #readPointed(): void {
    const found = pointedAt(this.#text, this.#at);
    if (!found) {
      this.#addText(this.#at + 1);
      return;
    }
    const children: Inline[] = [{ type: 'text', text: found.text }];
    if (found.address === null) {
      this.#addText(found.end);
      return;
    }
    this.#list.add({ type: 'link', href: found.address, children }, 1);
    this.#at = found.end;
  }

  #openBracket(length: number, isImage: boolean): void {
    const end = this.#at + length;
    const node = this.#list.add({ type: 'text', text: isImage ? '![' : '[' });
    this.#brackets.push({ node, isImage, end, delimiter: this.#delimiters.last });
    this.#at = end;
  }

  #closeBracket(): void {
    const bracket = this.#brackets.pop();
    const isClosed = this.#brackets.length < this.#closedBelow;
    this.#closedBelow = Math.min(this.#closedBelow, this.#brackets.length);
    const found = bracket && (bracket.isImage || !isClosed) ? this.#targetOf(bracket) : null;
    if (!bracket || !found) {
      this.#addText(this.#at + 1);
      return;
    }
    if (!bracket.isImage) this.#closedBelow = this.#brackets.length;
    const depth = bracket.isImage ? 0 : this.#list.depthBetween(bracket.node, null);
    if (depth >= maxInlineDepth) {
      this.#addText(this.#at + 1);
      return;
    }
    this.#delimiters.match(bracket.delimiter);
    const words = this.#list.takeBetween(bracket.node, null);
    this.#list.remove(bracket.node);
    // A picture on another host would reveal the reader to that host: its address is shown as a link.
    const text = bracket.isImage ? this.#text.slice(bracket.end, this.#at) || found.address : '';
    const children: Inline[] = bracket.isImage ? [{ type: 'text', text }] : words;
    this.#list.add({ type: 'link', href: found.address, children }, depth + 1);
    this.#at = found.end;
  }

  #targetOf(bracket: Bracket): { address: string; end: number } | null {
    const after = this.#at + 1;
    const direct = linkTargetAt(this.#text, after);
    if (direct || !this.#definitions.size) return direct;
    const found = referenceAt(this.#text, after, { from: bracket.end, to: this.#at });
    const address = found && this.#definitions.get(found.label);
    if (!found || address === undefined || address === null) return null;
    return { address, end: found.end };
  }
}

const letterAt = (text: string, at: number) => {
  const code = text.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
};

function letterBefore(text: string, at: number): string {
  const last = text.charCodeAt(at - 1);
  return letterAt(text, last >= 0xdc00 && last <= 0xdfff ? at - 2 : at - 1) || (text[at - 1] ?? '');
}

/** The parts of a text: emphasis, code, links. */
export function parseInline(text: string, definitions: Definitions): Inline[] {
  return new InlineReader(text, definitions).read();
}
