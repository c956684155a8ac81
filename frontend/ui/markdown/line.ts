/** A line of a text while the blocks around it take their marks from its front. Tabs reach to the next fourth column. */
export class Line {
  readonly text: string;
  /** How far it is taken, and in which column that is. */
  at = 0;
  #column = 0;
  /** So many columns of the tab at `at` are taken. */
  #ofTab = 0;
  /** Where its next sign stands, and how many columns away. */
  next = 0;
  indent = 0;

  constructor(text: string) {
    this.text = text;
    this.#look();
  }

  get isBlank(): boolean {
    return this.next >= this.text.length;
  }

  get sign(): string {
    return this.text[this.next] ?? '';
  }

  #look(): void {
    let column = this.#column;
    this.next = this.at;
    for (; this.next < this.text.length; this.next += 1) {
      const sign = this.text[this.next];
      if (sign === ' ') column += 1;
      else if (sign === '\t') column += 4 - (column % 4);
      else break;
    }
    this.indent = column - this.#column;
  }

  /** Takes all up to the next sign, and so many signs more. */
  takeSigns(count: number): void {
    this.#column += this.indent + count;
    this.at = this.next + count;
    this.#ofTab = 0;
    this.#look();
  }

  /** Consumes this many columns of spaces, or fewer if there are fewer. */
  takeColumns(count: number): void {
    let left = Math.min(count, this.indent);
    while (left > 0) {
      const width = this.text[this.at] === '\t' ? 4 - (this.#column % 4) : 1;
      const taken = Math.min(width, left);
      left -= taken;
      this.#column += taken;
      if (taken === width) this.at += 1;
      this.#ofTab = taken === width ? 0 : this.#ofTab + taken;
    }
    this.#look();
  }

  /** What is left of it; of a tab that is taken in part the rest is spaces. */
  rest(): string {
    return this.#ofTab
      ? ' '.repeat(4 - (this.#column % 4)) + this.text.slice(this.at + 1)
      : this.text.slice(this.at);
  }

  /** What is left of it from its next sign on. */
  get words(): string {
    return this.text.slice(this.next);
  }
}
