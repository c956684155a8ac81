import { expect } from 'vitest';
import { createBranch } from '../../../../server/transcript/branch.ts';
import type { Entry } from '../../../../server/transcript/entry.ts';
import { verifies } from '../../../requirement/verifies.ts';

const entry = (uuid: string, parentUuid: string | null, more: Partial<Entry> = {}): Entry => ({
  type: 'user',
  uuid,
  parentUuid,
  ...more,
});

/** The chain of a file, given its entries from the first to the last. */
function chainOf(entries: Entry[]): string[] {
  const chain = createBranch();
  const found = entries
    .toReversed()
    .flatMap((one, index) => chain.offer({ entry: one, start: index, end: index }));
  return found.map(({ entry: { uuid } }) => String(uuid)).toReversed();
}

verifies('history.chain', 'has the answer that follows the leaf that a process named', () => {
  const tree = [
    entry('a', null),
    entry('b', 'a'),
    entry('c', 'b', { type: 'assistant', message: { id: 'm' } }),
  ];
  const told = (leafUuid: string): Entry => ({ type: 'last-prompt', leafUuid });
  expect(chainOf([...tree, told('b')])).toEqual(['a', 'b', 'c']);
  expect(chainOf([...tree, told('c')])).toEqual(['a', 'b', 'c']);
  // A branch that starts further up is not the one that continues.
  expect(chainOf([...tree, entry('x', 'a'), told('b')])).toEqual(['a', 'b', 'c']);
  expect(chainOf([...tree, entry('x', 'a')])).toEqual(['a', 'x']);
});
