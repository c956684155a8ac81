import { expect } from 'vitest';
import type { Node } from '../../../../server/transcript/entry-tree.ts';
import { planRepair } from '../../../../server/transcript/repair.ts';
import { verifies } from '../../../requirement/verifies.ts';

/** `said`, `parent` and `writer` of a node; its uuid is its place. */
function treeOf(rows: [parent: number | null, said: string | null, more?: Partial<Node>][]): Node[] {
  return rows.map(([parent, said, more], index) => ({
    uuid: String(index),
    parent: parent === null ? null : String(parent),
    type: index % 2 ? 'assistant' : 'user',
    at: null,
    writer: 'cli',
    messageId: null,
    calls: [],
    results: [],
    said,
    isSidechain: false,
    ...more,
  }));
}
const order = (nodes: Node[], leaf: string | null = null) =>
  planRepair(nodes, leaf).nodes.map(({ uuid, parent }) => `${parent}>${uuid}`);

verifies('session.repair', 'leaves an intact tree unchanged, with parallel calls beside it', () => {
  const nodes = treeOf([
    [null, 'ask'],
    [0, null, { messageId: 'm', calls: [{ id: 'x', tool: 'Read', command: null }] }],
    [1, null, { results: ['x'] }],
    [1, null, { type: 'assistant', messageId: 'm', calls: [{ id: 'y', tool: 'Read', command: null }] }],
    [3, null, { type: 'user', results: ['y'] }],
    [4, 'answer', { type: 'assistant', messageId: 'n' }],
  ]);
  expect(planRepair(nodes, null)).toMatchObject({ branches: [], openCalls: [], isChanged: false, leaf: '5' });
});

verifies(
  'session.repair',
  'finds a call without a result beside the line as well, and keeps what sub-agents said',
  () => {
    const nodes = treeOf([
      [null, 'ask'],
      [0, null, { messageId: 'm', calls: [{ id: 'x', tool: 'Read', command: null }] }],
      [1, null, { type: 'assistant', messageId: 'm', calls: [{ id: 'y', tool: 'Read', command: null }] }],
      [1, null, { type: 'user', results: ['x'] }],
      [3, 'answer', { type: 'assistant', messageId: 'n' }],
      [null, 'inside', { isSidechain: true }],
    ]);
    const plan = planRepair(nodes, null);
    expect(plan.openCalls).toHaveLength(1);
    expect(plan.nodes.find(({ uuid }) => uuid === '2')).toMatchObject({ openCalls: ['y'] });
    expect(plan.nodes.map(({ uuid }) => uuid)).toContain('5');
  },
);

verifies('session.repair', 'distinguishes a person who went back from two writers', () => {
  const wentBack = treeOf([
    [null, 'a'],
    [0, 'b'],
    [1, 'given up'],
    [2, 'its answer'],
    [1, 'said instead'],
    [4, 'c'],
  ]);
  expect(planRepair(wentBack, null)).toMatchObject({
    branches: [{ why: 'rewound', messages: 2 }],
    isChanged: false,
  });
  const beside = wentBack.map((node, index) =>
    index === 2 || index === 3 ? { ...node, writer: 'sdk-cli' } : node,
  );
  expect(planRepair(beside, null).branches).toMatchObject([
    { why: 'two_writers', first: 'given up', last: 'its answer' },
  ]);
  expect(order(beside)).toEqual(['null>0', '0>1', '1>2', '2>3', '3>4', '4>5']);
  const between = treeOf([
    [null, 'a'],
    [0, 'b'],
    [1, 'left'],
    [1, 'right'],
    [2, 'to the left'],
    [3, 'to the right'],
  ]);
  expect(order(between)).toEqual(['null>0', '0>1', '1>2', '2>4', '4>3', '3>5']);
  // The leaf that the CLI would follow is the left one.
  expect(order(between, '4')).toEqual(['null>0', '0>1', '1>3', '3>5', '5>2', '2>4']);
});

verifies('session.repair', 'puts nothing between a call and its result', () => {
  const nodes = treeOf([
    [null, 'ask'],
    [0, null, { messageId: 'm', calls: [{ id: 'x', tool: 'Bash', command: 'ls' }] }],
    [1, 'beside it', { type: 'user', writer: 'sdk-cli' }],
    [2, 'its answer', { type: 'assistant', writer: 'sdk-cli' }],
    [1, null, { type: 'user', results: ['x'] }],
    [4, 'answer', { type: 'assistant' }],
  ]);
  expect(order(nodes)).toEqual(['null>0', '0>1', '1>4', '4>2', '2>3', '3>5']);
});
