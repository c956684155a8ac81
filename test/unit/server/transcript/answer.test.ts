import { expect } from 'vitest';
import { findReply } from '../../../../server/transcript/answer.ts';
import type { Entry } from '../../../../server/transcript/entry.ts';
import { verifies } from '../../../requirement/verifies.ts';

const user = (text: string): Entry => ({ type: 'user', message: { content: text } });
const model = (text: string): Entry => ({
  type: 'assistant',
  message: { content: [{ type: 'text', text }] },
});

verifies('terminal.messages', 'distinguishes the answer to a message from other text in the terminal', () => {
  const entries = [
    user('earlier'),
    model('to earlier'),
    user('from\tthe phone'),
    model('one'),
    model('two'),
    user('from the desk'),
    model('three'),
  ];
  expect(findReply(entries, 'from    the phone ')).toMatchObject({ text: 'one\n\ntwo', isSuperseded: true });
  expect(findReply(entries, 'from the desk')).toEqual({
    text: 'three',
    isSuperseded: false,
    error: null,
    isInterrupted: false,
  });
  expect(findReply(entries.slice(0, 3), 'from\tthe phone')).toMatchObject({ text: '', isSuperseded: false });
  expect(findReply(entries, 'not there')).toBeNull();
  expect(
    findReply([user('<pasted_content id="ec9d">\nlong\n</pasted_content>'), model('done')], 'long'),
  ).toMatchObject({ text: 'done' });
  const failed: Entry = { ...model('API Error: 529 overloaded'), isApiErrorMessage: true };
  expect(findReply([user('it'), failed], 'it')).toMatchObject({
    text: '',
    error: 'API Error: 529 overloaded',
  });
  expect(findReply([user('it'), failed, model('done')], 'it')).toMatchObject({ text: 'done', error: null });
  expect(findReply([user('it'), model('part'), user('[Request interrupted by user]')], 'it')).toMatchObject({
    text: 'part',
    isInterrupted: true,
  });
});
