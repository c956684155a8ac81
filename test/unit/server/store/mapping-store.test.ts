import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  ChangeConversation,
  CreateConversation,
  type OptionName,
  optionNames,
  type StoredOptions,
  showOptions,
} from '../../../../contract/conversation-options.ts';
import type { Event } from '../../../../contract/event.ts';
import { acceptTurn, at, endTurn, openStores, runTurn } from '../../../helper/stores.ts';
import { createWorkspace } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

const fileOf = (folder: string) => join(folder, 'sessions.json');
const readEntry = async (folder: string) =>
  JSON.parse(await readFile(fileOf(folder), 'utf8')).conversations.a;
const writeEntry = (folder: string, entry: object) =>
  writeFile(fileOf(folder), JSON.stringify({ conversations: { a: entry } }));

verifies(
  'store.original',
  'counts the turns of the original system once, through crashes and restarts',
  async () => {
    const { data } = await createWorkspace();
    const original = { session_id: 's', created_at: at(0), turn_count: 5, last_message: 'an old one' };
    await writeEntry(data, original);
    const first = await openStores(data);
    expect(first.mapping.get('a')).toMatchObject({ turn_count: 5, last_message: 'an old one' });
    runTurn(first.turns, '  the next  ', 10);
    const facts = {
      turn_count: 6,
      last_message: 'the next',
      last_message_at: at(11),
      context: { tokens: 10, window: 100 },
    };
    expect(first.mapping.get('a')).toMatchObject(facts);
    first.crash();
    expect(await readEntry(data)).toEqual(original);

    const second = await openStores(data);
    expect(second.mapping.get('a')).toMatchObject(facts);
    await second.mapping.put('a', { session_id: 's', created_at: at(0), ...second.mapping.get('a') });
    await second.close();
    expect(await readEntry(data)).toMatchObject({ ...facts, turns_before: 5 });
    const third = await openStores(data);
    expect(third.mapping.get('a')).toMatchObject(facts);
  },
);

verifies('store.damaged', 'keeps the counts of earlier versions, and of a journal that is lost', async () => {
  const { data } = await createWorkspace();
  const first = await openStores(data);
  await first.mapping.put('a', { session_id: null, created_at: at(0) });
  for (const second of [10, 20, 30]) runTurn(first.turns, 'go', second);
  await first.close();
  const { turns_before: _, ...entry } = await readEntry(data);
  await writeEntry(data, { ...entry, settled_turn: 't3' });
  const second = await openStores(data);
  expect(second.mapping.get('a')?.turn_count).toBe(3);
  second.database.prepare('DELETE FROM turn').run();
  await second.close();
  const third = await openStores(data);
  expect(third.mapping.get('a')?.turn_count).toBe(3);
  runTurn(third.turns, 'on', 40);
  expect(third.mapping.get('a')?.turn_count).toBe(4);
});

verifies('turn.accept', 'keeps what the turns say in memory as a restart reads it', async () => {
  const step = fc.record({
    does: fc.constantFrom('accept', 'start', 'complete', 'fail', 'change', 'forget'),
    text: fc.string({ maxLength: 120 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { data } = await createWorkspace();
      const first = await openStores(data);
      let open: string[] = [];
      for (const [index, { does, text }] of steps.entries()) {
        const id = open[0];
        if (does === 'accept') open.push(acceptTurn(first.turns, text, index));
        else if (does === 'forget') {
          first.turns.forget('a');
          open = [];
        } else if (!id) continue;
        else if (does === 'start')
          first.turns.start(id, { session_id: 's', started_at: at(index), steers: null });
        else if (does === 'change') first.turns.change(id, { message: text, options: {} }, changed(id));
        else {
          const context = index % 2 ? { tokens: index, window: null } : null;
          endTurn(first.turns, id, index, { sessionId: does === 'complete' ? 's' : null, context });
          open.shift();
        }
      }
      const inMemory = first.turns.activityOf('a');
      await first.close();
      const second = await openStores(data);
      expect(inMemory).toEqual(second.turns.activityOf('a'));
      await second.close();
    }),
    { numRuns: 12 },
  );
});

const changed = (id: string): Event => ({
  type: 'turn.changed',
  conv_id: 'a',
  turn_id: id,
  at: at(0),
  message: '',
  attachments: [],
});

/** A value of each option. A new option that has none here does not compile. */
const samples: { [N in OptionName]-?: Exclude<StoredOptions[N], undefined> } = {
  title: 'A title',
  project: '/p',
  model: 'opus',
  effort: 'max',
  permission_mode: 'plan',
  max_cost_usd: 1.5,
  allowed_tools: 'Read',
  extra_args: ['--verbose'],
  archived: true,
  pinned: true,
  notify: ['failed'],
  terminal_messages: 'terminal',
  queue_paused: true,
};

verifies('conversations.manage', 'takes every option, keeps it over a restart, and shows it', async () => {
  const { data } = await createWorkspace();
  const first = await openStores(data);
  const created = CreateConversation.parse({ id: 'a', ...samples });
  expect(created).toMatchObject(samples);
  expect(ChangeConversation.parse(samples)).toEqual(samples);
  await first.mapping.put('a', { ...samples, session_id: null, created_at: at(0) });
  await first.close();
  expect(await readEntry(data)).toMatchObject({ desk_messages: 'terminal' });
  const second = await openStores(data);
  const record = second.mapping.get('a');
  expect(record).toMatchObject(samples);
  expect(showOptions({ title: '', project: '', ...record })).toMatchObject(samples);
});

verifies('store.damaged', 'takes an option that a hand has spoilt as not set, and nothing else', async () => {
  const { data } = await createWorkspace();
  const spoilt = Object.fromEntries(optionNames().map((name) => [name, { not: 'a value' }]));
  await writeEntry(data, { session_id: 's', created_at: at(0), turn_count: 1, ...spoilt, later: 'kept' });
  const { mapping } = await openStores(data);
  const record = mapping.get('a');
  expect(record).toMatchObject({ session_id: 's', turn_count: 1, later: 'kept' });
  for (const name of optionNames()) expect([name, record?.[name]]).toEqual([name, undefined]);
});
