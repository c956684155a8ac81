import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type OptionName, optionNames, type StoredOptions } from '../../contract/conversation-options.ts';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

/** Two values of each option. A new option that has none here does not compile. */
type Samples = { [N in OptionName]: [StoredOptions[N], StoredOptions[N]] };

const samplesIn = (project: string): Samples => ({
  title: ['First title', 'Second title'],
  project: [project, join(project, 'inner')],
  model: ['opus', 'claude-sonnet-5-5'],
  effort: ['low', 'max'],
  permission_mode: ['plan', 'dontAsk'],
  max_cost_usd: [1.5, 20],
  allowed_tools: ['Bash(git:*)', 'Read'],
  extra_args: [['--verbose'], []],
  archived: [true, false],
  pinned: [true, false],
  notify: [['failed'], []],
  terminal_messages: ['terminal', 'wait'],
  queue_paused: [true, false],
});

verifies(
  'conversations.manage',
  'takes every option on create and on change, shows it, and keeps it',
  async () => {
    const first = await startTestServer();
    const inner = join(first.workspace.project, 'inner');
    await mkdir(inner);
    const samples = samplesIn(first.workspace.project);
    const valuesAt = (index: 0 | 1) =>
      Object.fromEntries(optionNames().map((name) => [name, samples[name][index]]));

    const made = await first.post('/api/conversations', { id: 'a', ...valuesAt(0) });
    expect([made.status, await made.json()]).toEqual([201, expect.objectContaining(valuesAt(0))]);
    const second = await first.restart();
    expect(await second.get('/api/conversations/a')).toMatchObject(valuesAt(0));

    expect((await second.post('/api/conversations', { id: 'b' })).status).toBe(201);
    for (const name of optionNames()) {
      const changed = await second.patch('/api/conversations/b', { [name]: samples[name][1] });
      expect([name, changed.status, await changed.json()]).toEqual([
        name,
        200,
        expect.objectContaining({ [name]: samples[name][1] }),
      ]);
    }
    const third = await second.restart();
    expect(await third.get('/api/conversations/b')).toMatchObject(valuesAt(1));
  },
);

verifies(
  'conversations.manage',
  'takes a renamed option by its old name, answers with both, and stores the old',
  async () => {
    const server = await startTestServer();
    const made = await server.post('/api/conversations', { id: 'a', desk_messages: 'terminal' });
    expect(await made.json()).toMatchObject({ desk_messages: 'terminal', terminal_messages: 'terminal' });
    const changed = await server.patch('/api/conversations/a', { desk_messages: 'wait' });
    expect(await changed.json()).toMatchObject({ desk_messages: 'wait', terminal_messages: 'wait' });
    expect((await server.get('/api/sessions')).a).toMatchObject({
      desk_messages: 'wait',
      terminal_messages: 'wait',
    });
    const file = JSON.parse(await readFile(join(server.workspace.data, 'sessions.json'), 'utf8'));
    expect(file.conversations.a).toMatchObject({ desk_messages: 'wait' });
    expect(file.conversations.a).not.toHaveProperty('terminal_messages');
  },
);
