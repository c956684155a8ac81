import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { expect } from 'vitest';
import { Code } from '../../../frontend/ui/code.tsx';
import { toCodePieces } from '../../../frontend/ui/code-pieces.ts';
import { Diff } from '../../../frontend/ui/diff.tsx';
import { diffRows } from '../../../frontend/ui/diff-rows.ts';
import { type Drawn, drawGrowing, drawPaused } from '../../../frontend/ui/drawn-blocks.ts';
import { headOf } from '../../../frontend/ui/head-of.ts';
import { InputView, Plain } from '../../../frontend/ui/input-view.tsx';
import { verifies } from '../../requirement/verifies.ts';

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

verifies(
  'safe.time',
  'colours code in pieces that make up the whole, and no line that is longer than a piece',
  () => {
    const texts = [
      '',
      'a',
      lines(3000, (index) => `int a${index} = 1;`),
      `${'a'.repeat(5000)}\nint b;\n`,
      `x\n${'a '.repeat(40_000)}`,
    ];
    for (const text of texts) {
      const pieces = toCodePieces(text);
      expect(pieces.map((piece) => piece.text).join('')).toBe(text);
      const coloured = pieces.filter(({ isColoured }) => isColoured);
      expect(Math.max(0, ...coloured.map((piece) => piece.text.length))).toBeLessThanOrEqual(2000);
      expect(coloured.map((piece) => piece.text).join('').length).toBeLessThanOrEqual(52_000);
    }
    const pieces = toCodePieces(`int a;\n${'a'.repeat(5000)}\nint b;\n`);
    expect(pieces.map(({ isColoured }) => isColoured)).toEqual([true, false, true]);
  },
);

verifies('safe.time', 'does not colour code on the server', () => {
  const html = renderToString(h(Code, { text: 'int a = 1;\n', language: 'java' }));
  expect(html).toContain('<code>int a = 1;\n</code>');
});

verifies('safe.time', 'shows two texts that differ much as one removed and one added', () => {
  const rows = diffRows(
    lines(2000, (index) => `a${index}`),
    lines(2000, (index) => `b${index}`),
  );
  expect(rows.map(({ sign }) => sign).join('')).toBe('-'.repeat(2000) + '+'.repeat(2000));
  expect(
    diffRows(
      '',
      lines(2000, () => 'a'),
    )
      .map(({ sign }) => sign)
      .join(''),
  ).toBe('+'.repeat(2000));
});

verifies('safe.time', 'draws the beginning of what is long, and says how much it does not show', () => {
  const long = lines(200_000, (index) => `${index}`);
  const diff = renderToString(h(Diff, { before: '', after: long }));
  expect(diff.match(/<div/g)).toHaveLength(300);
  expect(diff).toContain('… 199,700 more lines – Show all');
  for (const html of [
    renderToString(h(Plain, { text: long, label: '' })),
    renderToString(h(Code, { text: long, language: '' })),
  ]) {
    expect(html).toContain('… 199,499 more lines – Show all');
    expect(html.length).toBeLessThan(5000);
  }
  expect(renderToString(h(Diff, { before: '', after: 'a'.repeat(1_000_000) })).length).toBeLessThan(2000);
  const edits = Array.from({ length: 5000 }, (_, index) => ({ old_string: `${index}`, new_string: '' }));
  expect(renderToString(h(InputView, { input: { edits }, label: '' }))).toContain('Show all (5000)');
  expect(headOf('a'.repeat(20_000))).toBeNull();
});

verifies(
  'safe.time',
  'reads the end of a text that grows a bounded number of times, and all of it when it pauses',
  () => {
    for (const [name, text] of Object.entries({
      paragraph: 'a b '.repeat(25_000),
      list: '- a b\n'.repeat(3000),
      code: `\`\`\`\n${'a\n'.repeat(40_000)}`,
    })) {
      let drawn: Drawn | undefined;
      let read = 0;
      for (let end = 100; end < text.length; end += 100) {
        const next: Drawn = drawGrowing(text.slice(0, end), drawn);
        if (next.known !== drawn?.known && end > 20_000)
          read += next.known.blocks.slice(-2).reduce((sum, { raw }) => sum + raw.length, 0);
        expect(next.known.source + next.rest, name).toBe(text.slice(0, end));
        drawn = next;
      }
      expect(read, name).toBeLessThan(text.length * 20);
      if (drawn) expect(drawPaused(drawn).rest, name).toBe('');
    }
  },
);
