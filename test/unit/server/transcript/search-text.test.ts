import { expect } from 'vitest';
import { extractTexts, toIndexed } from '../../../../server/transcript/search-text.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies('session.search', 'puts the parts of names behind a text, so that phrases stay whole', () => {
  expect(toIndexed('call readFileNow and HTTPServer')).toBe(
    'call readFileNow and HTTPServer\nread file now http server',
  );
  // Data is not a name, however long it is, and takes linear time.
  const data = '0123456789'.repeat(50_000);
  expect(toIndexed(`${data} fooBar`)).toBe(`${data} fooBar\nfoo bar`);
  expect(toIndexed('plain words, snake_case')).toBe('plain words, snake_case');
});

verifies('session.search', 'finds what was said and done, not what surrounds it', () => {
  const user = (content: unknown, more = {}) => ({ type: 'user', message: { content }, ...more });
  expect(extractTexts(user('hello<system-reminder>note</system-reminder>'))?.user).toBe('hello');
  expect(extractTexts(user('meta', { isMeta: true }))).toBeNull();
  expect(
    extractTexts(user([{ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'out' }] }])),
  ).toMatchObject({
    user: '',
    output: 'out',
  });
  const assistant = {
    type: 'assistant',
    message: {
      content: [
        { type: 'text', text: 'said' },
        { type: 'tool_use', name: 'Bash', input: { command: 'ls', deep: [{ a: 'b' }] } },
      ],
    },
  };
  expect(extractTexts(assistant)).toEqual({ user: '', assistant: 'said', tool: 'ls\nb', output: '' });
  expect(extractTexts({ type: 'api-request-blob', message: { content: 'again' } })).toBeNull();
});
