import type { Session } from '../../contract/session.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { integerOption, stringOption } from '../option.ts';
import { formatAge, formatTable } from '../output.ts';

const host = 'local';

const sessionRows = (sessions: readonly Session[]) =>
  sessions.map((row) => [
    row.id.slice(0, 8),
    row.state,
    formatAge(row.modified_at),
    String(row.turns),
    row.project ?? '',
    row.conv_id ?? '',
    row.problem ?? row.title ?? row.first_message ?? '',
  ]);

const list: Command = {
  name: 'list',
  group: 'find',
  args: [],
  about: 'List conversations, or all sessions on the machine',
  options: [
    { flags: '-s, --sessions', about: 'all sessions, whichever program started them' },
    { flags: '-p, --project <part>', about: 'only projects whose path contains this' },
    {
      flags: '--state <state>',
      about: 'only sessions in this state',
      choices: ['running', 'waiting', 'idle', 'ended'],
    },
    { flags: '-l, --limit <count>', about: 'maximum number of results', default: 30 },
  ],
  examples: [
    'switchboard list',
    'switchboard list --sessions --project api',
    'switchboard list -s --state waiting -q',
  ],
  async run({ client, out }, _args, values) {
    const limit = integerOption(values, 'limit');
    const project = stringOption(values, 'project');
    const state = stringOption(values, 'state') as Session['state'] | undefined;
    if (values['sessions'] || state) {
      const page = await client.call('listHostSessions', {
        params: { host },
        query: { limit: Math.min(limit, 200), project, state },
      });
      if (!page.indexing.done)
        out.say('The transcripts are still being read: what is not read yet is missing here.');
      out.data(page.sessions, () =>
        out.isQuiet
          ? page.sessions.map(({ id }) => id).join('\n')
          : formatTable(
              ['ID', 'STATE', 'MODIFIED', 'TURNS', 'PROJECT', 'CONVERSATION', 'ABOUT'],
              sessionRows(page.sessions),
            ),
      );
      return exitCodes.ok;
    }
    const { conversations } = await client.call('listConversations', {
      query: { limit: project ? 1000 : Math.min(limit, 1000) },
    });
    const shown = conversations
      .filter((row) => !project || row.project.toLowerCase().includes(project.toLowerCase()))
      .slice(0, limit);
    out.data(shown, () =>
      out.isQuiet
        ? shown.map(({ id }) => id).join('\n')
        : formatTable(
            ['NAME', 'STATE', 'LAST USED', 'TURNS', 'PROJECT', 'LAST MESSAGE'],
            shown.map((row) => [
              row.id,
              row.in_terminal ? `${row.state}, in a terminal` : row.state,
              formatAge(row.last_message_at),
              String(row.turn_count),
              row.project,
              row.last_message ?? '',
            ]),
          ),
    );
    return exitCodes.ok;
  },
};

const history: Command = {
  name: 'history',
  group: 'find',
  args: [],
  about: 'List prompts that were typed in a terminal, newest first',
  options: [
    { flags: '-s, --search <text>', about: 'only prompts that contain this' },
    { flags: '-p, --project <part>', about: 'only projects whose path contains this' },
    { flags: '-l, --limit <count>', about: 'maximum number of results', default: 20 },
  ],
  examples: ['switchboard history -s deploy'],
  async run({ client, out }, _args, values) {
    const query = {
      q: stringOption(values, 'search'),
      project: stringOption(values, 'project'),
      limit: Math.min(500, integerOption(values, 'limit')),
    };
    const { prompts } = await client.call('readTyped', { query });
    const rows = prompts.map(({ at, project, text }) => [at ? formatAge(at) : '', project ?? '', text]);
    out.data(prompts, () =>
      out.isQuiet
        ? prompts.map(({ text }) => text).join('\n')
        : formatTable(['WHEN', 'PROJECT', 'PROMPT'], rows),
    );
    return exitCodes.ok;
  },
};

export const listCommands = [list, history];
