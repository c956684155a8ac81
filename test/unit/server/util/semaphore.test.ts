import { expect, test } from 'vitest';
import { createSemaphore } from '../../../../server/util/semaphore.ts';

test('grants no more places than it has, in the order of requests', async () => {
  const slots = createSemaphore(2);
  const got: number[] = [];
  const asked = Array.from({ length: 5 }, (_, index) =>
    slots.acquire().then((free) => {
      got.push(index);
      return free;
    }),
  );
  const [first, second] = await Promise.all(asked.slice(0, 2));
  expect(got).toEqual([0, 1]);
  first?.();
  first?.();
  await asked[2];
  expect(got).toEqual([0, 1, 2]);
  second?.();
  await asked[3];
  expect(got).toEqual([0, 1, 2, 3]);
});
