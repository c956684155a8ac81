/**
 * Marks that our own output uses for style. They are Unicode noncharacters, so no keyboard and no tool
 * writes them; a text from elsewhere that contains one can only turn bold on or off.
 */
export const styleMarks = { bold: '\ufdd0', faint: '\ufdd1', end: '\ufdd2' } as const;

const styleCodes: Readonly<Record<string, string>> = {
  [styleMarks.bold]: '\u001b[1m',
  [styleMarks.faint]: '\u001b[2m',
  [styleMarks.end]: '\u001b[0m',
};

/** Where in an escape sequence (ECMA-48) the text stands. `string` is an OSC, DCS, SOS, PM or APC. */
type State = 'text' | 'escape' | 'control' | 'string';

const controlStart = '\u009b';
const stringStarts = new Set(['\u0090', '\u0098', '\u009d', '\u009e', '\u009f']);
const stringStartsAfterEscape = new Set(['P', 'X', ']', '^', '_']);
const stringEnds = new Set(['\u0007', '\u009c']);
const kept = new Set(['\n', '\t']);
const interesting = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufdd0-\ufdd2]/;

/**
 * Makes foreign text safe to show on a terminal: escape sequences and control characters are removed, so
 * it cannot set the title, the colors or the clipboard, or move the cursor. Newlines and tabs stay.
 * It remembers an unfinished sequence, since an answer arrives in pieces.
 */
export class TerminalText {
  private state: State = 'text';

  /** Returns what of `text` can be shown, with style marks as the terminal's own codes. */
  filter(text: string): string {
    if (this.state === 'text' && !interesting.test(text)) return text;
    let shown = '';
    for (const character of text) shown += this.take(character);
    return shown;
  }

  private take(character: string): string {
    // A line's end also ends a sequence: one that is never finished would swallow the rest of an answer.
    if (kept.has(character)) {
      this.state = 'text';
      return character;
    }
    switch (this.state) {
      case 'text':
        return this.takeText(character);
      case 'escape':
        return this.takeEscape(character);
      case 'control':
        // Parameters and intermediates; the final byte ends it.
        if (character >= ' ' && character <= '?') return '';
        this.state = 'text';
        return character >= '@' && character <= '~' ? '' : this.takeText(character);
      case 'string':
        if (character === '\u001b') this.state = 'escape';
        else if (stringEnds.has(character)) this.state = 'text';
        return '';
    }
  }

  private takeText(character: string): string {
    if (character === '\u001b') this.state = 'escape';
    else if (character === controlStart) this.state = 'control';
    else if (stringStarts.has(character)) this.state = 'string';
    else if (!interesting.test(character)) return character;
    return styleCodes[character] ?? '';
  }

  private takeEscape(character: string): string {
    if (character >= ' ' && character <= '/') return '';
    this.state = 'text';
    if (character === '[') this.state = 'control';
    else if (stringStartsAfterEscape.has(character)) this.state = 'string';
    else if (character < '0' || character > '~') return this.takeText(character);
    return '';
  }
}
