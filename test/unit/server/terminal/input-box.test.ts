import { expect } from 'vitest';
import { isBoxEmpty } from '../../../../server/terminal/input-box.ts';
import { verifies } from '../../../requirement/verifies.ts';

const rule = `\u001b[38;5;244m${'─'.repeat(120)}`;
const foot = '\u001b[39m  \u001b[38;5;246m⏸ manual mode on · ? for shortcuts';
const box = (...lines: string[]) => ['an answer', rule, ...lines, rule, foot];

/** As 2.1.329 draws them. */
verifies(
  'terminal.asks',
  'sees what a person has begun to type wherever the cursor stands in it, and no hint for that',
  () => {
    const empty: [string, string[], number, number][] = [
      ['nothing typed', box('\u001b[39m❯ \u001b[7m'), 2, 2],
      ['cleared', box('\u001b[39m❯ \u001b[7m \u001b[0m\u001b[39m\u001b[49m'), 2, 2],
      ['a faint hint', box('❯ \u001b[7mT\u001b[27m\u001b[2mry "fix the tests"\u001b[22m'), 2, 2],
      ['a grey hint', box('❯ \u001b[7mT\u001b[27m\u001b[38;5;246mry "fix the tests"\u001b[39m'), 2, 2],
      ['not drawn yet', ['', '', ''], 0, 0],
      ['an answer, and no box yet', ['❯ hello', '', '⏺ Echo: hello'], 0, 1],
    ];
    for (const [name, lines, column, row] of empty)
      expect([name, isBoxEmpty({ lines, column, row })]).toEqual([name, true]);
    const begun: [string, string[], number, number][] = [
      ['at its end', box('\u001b[39m❯ a thought of theirs\u001b[7m'), 21, 2],
      [
        'at its beginning',
        box('\u001b[39m❯ \u001b[7ma\u001b[0m\u001b[39m\u001b[49m thought of theirs'),
        2,
        2,
      ],
      ['one letter', box('\u001b[39m❯ \u001b[7mx\u001b[0m\u001b[39m\u001b[49m'), 2, 2],
      [
        'on an empty second line',
        box('\u001b[39m❯ a thought of theirs', '  \u001b[7m \u001b[0m\u001b[39m\u001b[49m'),
        2,
        3,
      ],
      ['on an empty first line', box('❯ \u001b[7m \u001b[0m', '  a thought of theirs'), 2, 2],
      ['in shell mode', box('! \u001b[7m\u001b[39m \u001b[0m\u001b[39m\u001b[49m'), 2, 2],
    ];
    for (const [name, lines, column, row] of begun)
      expect([name, isBoxEmpty({ lines, column, row })]).toEqual([name, false]);
  },
);
