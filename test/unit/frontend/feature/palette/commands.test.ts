import { expect } from 'vitest';
import { commandOf } from '../../../../../frontend/feature/palette/commands.ts';
import { verifies } from '../../../../requirement/verifies.ts';

verifies('page.keys', 'treats letters as commands only outside of fields', () => {
  const press = (key: string, more: object = {}) => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    isComposing: false,
    ...more,
  });
  expect(commandOf(press('n'), false)).toBe('newConversation');
  expect(commandOf(press('n'), true)).toBeNull();
  expect(commandOf(press('k', { metaKey: true }), true)).toBe('palette');
  expect(commandOf(press('n', { ctrlKey: true }), false)).toBeNull();
  expect(commandOf(press('n', { isComposing: true }), false)).toBeNull();
});
