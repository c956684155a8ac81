import { expect } from 'vitest';
import { ApiError } from '../../../../frontend/api/client.ts';
import type { OutboxItem } from '../../../../frontend/store/database.ts';
import { byConversation, sendConversation } from '../../../../frontend/store/sender.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies(
  'page.delivery',
  'sends in order, each once, and lets none overtake one that was refused',
  async () => {
    const item = (id: string, conv: string, problem: string | null = null): OutboxItem => ({
      id,
      conv_id: conv,
      text: id,
      files: [],
      steer: false,
      created_at: '',
      problem,
    });
    const posted: string[] = [];
    const noted: string[] = [];
    const post = async ({ id }: OutboxItem) => {
      posted.push(id);
      if (id === 'bad') throw new ApiError({ status: 413, code: 'x', detail: 'Too large.' });
      if (id === 'stop') throw new ApiError({ status: 503, code: 'x', detail: 'Later.' });
      return { turn_id: `turn ${id}` };
    };
    const note = async (sent: { item: OutboxItem; result: string }) =>
      void noted.push(`${sent.item.id} ${sent.result}`);
    expect(await sendConversation(async () => [item('1', 'a'), item('2', 'a')], post, note)).toBeNull();
    expect(
      await sendConversation(async () => [item('bad', 'b'), item('behind', 'b')], post, note),
    ).toBeNull();
    expect(
      await sendConversation(async () => [item('old', 'c', 'refused'), item('later', 'c')], post, note),
    ).toBeNull();
    expect(posted).toEqual(['1', '2', 'bad']);
    expect(noted).toEqual(['1 accepted', '2 accepted', 'bad refused']);
    expect(
      (await sendConversation(async () => [item('stop', 'a'), item('4', 'a')], post, note))?.status,
    ).toBe(503);
    expect(posted).toEqual(['1', '2', 'bad', 'stop']);
    // A message that was withdrawn while an earlier one was being sent is not sent.
    const left = [item('slow', 'a'), item('taken back', 'a'), item('after', 'a')];
    await sendConversation(
      async () => left,
      async (one) => {
        if (one.id === 'slow') left.splice(1, 1);
        return post(one);
      },
      note,
    );
    expect(posted.slice(4)).toEqual(['slow', 'after']);
    expect(
      [...byConversation([item('1', 'a'), item('2', 'b'), item('3', 'a')])].map(([id, own]) => [
        id,
        own.map((one) => one.id),
      ]),
    ).toEqual([
      ['a', ['1', '3']],
      ['b', ['2']],
    ]);
  },
);
