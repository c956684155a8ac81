import { expect } from 'vitest';
import { answerTo } from '../../../server/transcript/answer.ts';
import type { Entry } from '../../../server/transcript/entry.ts';
import { verifies } from '../../requirement/verifies.ts';

const user = (text: string): Entry => ({ type: 'user', message: { content: text } });
const model = (text: string): Entry => ({ type: 'assistant', message: { content: [{ type: 'text', text }] } });

verifies('terminal.messages', 'tells the answer to a message from what is said beside it at the desk', () => {
  const entries = [user('earlier'), model('to earlier'), user('from\tthe phone'), model('one'), model('two'), user('from the desk'), model('three')];
  expect(answerTo(entries, 'from    the phone ')).toEqual({ text: 'one\n\ntwo', isOver: true });
  expect(answerTo(entries, 'from the desk')).toEqual({ text: 'three', isOver: false });
  expect(answerTo(entries.slice(0, 3), 'from\tthe phone')).toEqual({ text: '', isOver: false });
  expect(answerTo(entries, 'not there')).toBeNull();
});
