import { expect } from 'vitest';
import { answerTo } from '../../../server/transcript/answer.ts';
import type { Entry } from '../../../server/transcript/entry.ts';
import { verifies } from '../../requirement/verifies.ts';

const user = (text: string): Entry => ({ type: 'user', message: { content: text } });
const model = (text: string): Entry => ({ type: 'assistant', message: { content: [{ type: 'text', text }] } });

verifies('terminal.messages', 'tells the answer to a message from what is said beside it at the desk', () => {
  const entries = [user('earlier'), model('to earlier'), user('from\tthe phone'), model('one'), model('two'), user('from the desk'), model('three')];
  expect(answerTo(entries, 'from    the phone ')).toMatchObject({ text: 'one\n\ntwo', isOver: true });
  expect(answerTo(entries, 'from the desk')).toEqual({ text: 'three', isOver: false, error: null, isInterrupted: false });
  expect(answerTo(entries.slice(0, 3), 'from\tthe phone')).toMatchObject({ text: '', isOver: false });
  expect(answerTo(entries, 'not there')).toBeNull();
  expect(answerTo([user('<pasted_content id="ec9d">\nlong\n</pasted_content>'), model('done')], 'long')).toMatchObject({ text: 'done' });
  const failed: Entry = { ...model('API Error: 529 overloaded'), isApiErrorMessage: true };
  expect(answerTo([user('it'), failed], 'it')).toMatchObject({ text: '', error: 'API Error: 529 overloaded' });
  expect(answerTo([user('it'), failed, model('done')], 'it')).toMatchObject({ text: 'done', error: null });
  expect(answerTo([user('it'), model('part'), user('[Request interrupted by user]')], 'it')).toMatchObject({ text: 'part', isInterrupted: true });
});
