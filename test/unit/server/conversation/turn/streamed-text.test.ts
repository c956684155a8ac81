import { expect, test } from 'vitest';
import { addText, joinText, noText } from '../../../../../server/conversation/turn/streamed-text.ts';

const after = (...steps: Parameters<typeof addText>[1][]) => joinText(steps.reduce(addText, noText));

test('a whole message takes the place of its pieces', () => {
  const pieces = ['Hel', 'lo'].map((text) => ({ type: 'text.delta' as const, text }));
  expect(after(...pieces)).toBe('Hello');
  expect(
    after(...pieces, { type: 'message', text: 'Hello', parent_tool_id: null }, { type: 'text', text: 'On' }),
  ).toBe('Hello\n\nOn');
});

test('a retry that starts over drops what came of the message', () => {
  expect(
    after(
      { type: 'text', text: 'half' },
      { type: 'retrying', discard_text: true },
      { type: 'text', text: 'whole' },
    ),
  ).toBe('whole');
  expect(
    after(
      { type: 'text', text: 'half' },
      { type: 'retrying', discard_text: false },
      { type: 'text', text: ' more' },
    ),
  ).toBe('half more');
});

test("a sub-agent's words are not the turn's", () => {
  expect(after({ type: 'message', text: 'inner', parent_tool_id: 'toolu_1' }, { type: 'tool.started' })).toBe(
    '',
  );
});
