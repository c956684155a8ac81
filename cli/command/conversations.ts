import type { Command } from '../command.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { permissionModes, resolveFolder, stringOption } from '../option.ts';

const nameArg = { flags: '<name>', about: 'the conversation' };

const make: Command = {
  name: 'new',
  group: 'steer',
  args: [{ flags: '[name]', about: 'its name (default: generated)' }],
  about: 'Create a conversation; prints its name',
  options: [
    { flags: '--project <folder>', about: 'project folder' },
    { flags: '--session <id>', about: 'continue this session' },
    { flags: '--copy', about: 'with --session: continue in a copy; the original stays unchanged' },
    { flags: '--model <model>', about: 'its model' },
    { flags: '--mode <mode>', about: 'its permission mode', choices: permissionModes },
    { flags: '--title <title>', about: 'its title' },
  ],
  examples: [
    'switchboard new api --project ~/src/api',
    'switchboard new --session 4c787bb5-7f82-4af7-b10c-f11aee4de118',
  ],
  async run({ client, out }, [name], values) {
    const text = (key: string) => stringOption(values, key);
    const [asked, project] = [text('session'), text('project')];
    if (asked === '') throw new UsageError('--session: is empty.');
    const session = asked
      ? (await client.call('readHostSession', { params: { host: 'local', id: asked } })).id
      : undefined;
    const made = await client.call('createConversation', {
      body: {
        ...(name ? { id: name } : {}),
        ...(project ? { project: resolveFolder(project) } : {}),
        ...(session ? { session_id: session, fork: values['copy'] === true } : {}),
        ...(text('model') ? { model: text('model') } : {}),
        ...(text('mode') ? { permission_mode: text('mode') as 'plan' } : {}),
        ...(text('title') ? { title: text('title') } : {}),
      },
    });
    out.data(made, () => made.id);
    return exitCodes.ok;
  },
};

const fork: Command = {
  name: 'fork',
  group: 'steer',
  args: [nameArg, { flags: '[new]', about: 'name of the new conversation' }],
  about: 'Copy a conversation; prints the name of the copy',
  options: [{ flags: '--at <turn>', about: 'last turn to include' }],
  examples: ['switchboard fork tests tests-again'],
  async run({ client, out }, [name = '', to], values) {
    const at = stringOption(values, 'at');
    const made = await client.call('forkConversation', {
      params: { id: name },
      body: { ...(to ? { id: to } : {}), ...(at ? { at_turn: at } : {}) },
    });
    out.data(made, () => made.id);
    return exitCodes.ok;
  },
};

const archive: Command = {
  name: 'archive',
  group: 'steer',
  args: [nameArg],
  about: 'Archive a conversation',
  options: [{ flags: '--undo', about: 'unarchive it' }],
  examples: ['switchboard archive tests'],
  async run({ client, out }, [name = ''], values) {
    const changed = await client.call('changeConversation', {
      params: { id: name },
      body: { archived: values['undo'] !== true },
    });
    out.data(changed, () => '');
    return exitCodes.ok;
  },
};

export const conversationCommands = [make, fork, archive];
