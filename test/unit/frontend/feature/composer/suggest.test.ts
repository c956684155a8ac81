import { expect } from 'vitest';
import { askedAt, complete, matchCommands } from '../../../../../frontend/feature/composer/suggest.ts';
import { verifies } from '../../../../requirement/verifies.ts';

verifies('page.compose', 'completes a command at the start and a file after an @', () => {
  expect(askedAt('/comp', 5)).toMatchObject({ kind: 'command', query: 'comp' });
  expect(askedAt('say /comp', 9)).toBeNull();
  expect(askedAt('see @src/a', 10)).toMatchObject({ kind: 'file', query: 'src/a', from: 4 });
  expect(askedAt('mail a@b.c', 10)).toBeNull();
  expect(complete('see @src rest', { kind: 'file', query: 'src', from: 4, to: 8 }, 'src/a.ts')).toEqual({
    text: 'see @src/a.ts rest',
    caret: 14,
  });
  expect(
    matchCommands([{ name: 'zcompact' }, { name: 'compact' }, { name: 'x' }], 'comp', 5).map(
      ({ name }) => name,
    ),
  ).toEqual(['compact', 'zcompact']);
});
