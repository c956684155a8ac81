import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pickNextTurns } from '../../../../server/conversation/pick-next.ts';

const turn = fc.record({
  id: fc.uuid(),
  conv_id: fc.constantFrom('a', 'b', 'c', 'd'),
  session_id: fc.option(fc.constantFrom('s1', 's2'), { nil: null }),
});

test('never starts two turns of one conversation or session, nor more than may run', () => {
  fc.assert(
    fc.property(
      fc.array(turn),
      fc.subarray(['a', 'b', 'c']),
      fc.subarray(['s1', 's2']),
      fc.integer({ min: 0, max: 4 }),
      (queue, conversations, sessions, max) => {
        const taken = {
          conversations: new Set(conversations),
          sessions: new Set(sessions),
          running: conversations.length,
        };
        const chosen = pickNextTurns(queue, taken, max);
        const convs = [...conversations, ...chosen.map((one) => one.conv_id)];
        const held = [...sessions, ...chosen.flatMap((one) => one.session_id ?? [])];
        expect(new Set(convs).size).toBe(convs.length);
        expect(new Set(held).size).toBe(held.length);
        expect(chosen.length).toBeLessThanOrEqual(Math.max(0, max - taken.running));
        for (const one of chosen) expect(queue.find((other) => other.conv_id === one.conv_id)).toBe(one);
      },
    ),
  );
});
