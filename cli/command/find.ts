import { writeFile } from 'node:fs/promises';
import type { HistoryMessage } from '../../contract/message.ts';
import type { Session } from '../../contract/session.ts';
import { ApiError, type Client } from '../client.ts';
import { type Command, countOf, textOf, timeOf } from '../command.ts';
import { CliError, exitCodes } from '../fault.ts';
import { ago, clip, table } from '../output.ts';

const host = 'local';

const sessionRows = (sessions: readonly Session[]) =>
  sessions.map((row) => [
    row.id.slice(0, 8),
    row.state,
    ago(row.modified_at),
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
    { flags: '-l, --limit <count>', about: 'maximum number of results (default: 30)' },
  ],
  examples: [
    'switchboard list',
    'switchboard list --sessions --project api',
    'switchboard list -s --state waiting -q',
  ],
  async run({ client, out }, _args, values) {
    const limit = countOf(values, 'limit', 30);
    const project = textOf(values, 'project');
    const state = textOf(values, 'state') as Session['state'] | undefined;
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
          : table(
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
        : table(
            ['NAME', 'STATE', 'LAST USED', 'TURNS', 'PROJECT', 'LAST MESSAGE'],
            shown.map((row) => [
              row.id,
              row.in_terminal ? `${row.state}, in a terminal` : row.state,
              ago(row.last_message_at),
              String(row.turn_count),
              row.project,
              row.last_message ?? '',
            ]),
          ),
    );
    return exitCodes.ok;
  },
};

const search: Command = {
  name: 'search',
  group: 'find',
  args: [{ flags: '<words...>', about: 'words, "phrases", prefixes*' }],
  about: 'Search the text of all sessions',
  options: [
    { flags: '-p, --project <part>', about: 'only projects whose path contains this' },
    {
      flags: '--role <role>',
      about: 'only messages of this role',
      choices: ['user', 'assistant', 'tool', 'output'],
    },
    {
      flags: '--since <time>',
      about: 'only messages since then: a date such as 2026-01-31, or an age such as 7d',
    },
    { flags: '--until <time>', about: 'only messages before then' },
    { flags: '-l, --limit <count>', about: 'maximum number of results (default: 20)' },
  ],
  examples: ['switchboard search "connection reset"', 'switchboard search migrat* --role user --since 7d'],
  async run({ client, out }, args, values) {
    const role = textOf(values, 'role') as 'user' | undefined;
    const [since, until] = [timeOf(values, 'since'), timeOf(values, 'until')];
    const query = {
      q: args.join(' '),
      project: textOf(values, 'project'),
      role,
      since,
      until,
      limit: Math.min(100, countOf(values, 'limit', 20)),
    };
    const answer = await client.call('search', { query });
    if (!answer.indexing.done)
      out.say('The transcripts are still being read: what is not read yet is not found.');
    const ids = () => [...new Set(answer.hits.map(({ session_id }) => session_id))].join('\n');
    const rows = () =>
      answer.hits
        .map(
          (hit) =>
            `${out.bold(hit.session_id.slice(0, 8))}  ${hit.at ? ago(hit.at) : ''}  ${hit.project ?? ''}\n  ${hit.agent_id ? 'sub-agent' : hit.role}: ${clip(hit.excerpt, 300)}`,
        )
        .join('\n');
    out.data(answer.hits, out.isQuiet ? ids : rows);
    return answer.hits.length ? exitCodes.ok : exitCodes.failed;
  },
};

/** The conversation of that name, else the session whose id begins so. */
async function find(client: Client, name: string): Promise<{ conversation: string } | { session: string }> {
  try {
    const { id } = await client.call('readConversation', { params: { id: name } });
    return { conversation: id };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500 || error.status === 401) throw error;
    if (!/^[0-9a-f-]{4,36}$/i.test(name)) throw error;
    const { id } = await client.call('readHostSession', { params: { host, id: name } });
    return { session: id };
  }
}

const show: Command = {
  name: 'show',
  group: 'find',
  args: [{ flags: '<name>', about: 'a conversation, or a session id or a prefix of it' }],
  about: 'Show the details of a conversation or session',
  options: [],
  examples: ['switchboard show tests', 'switchboard show 4c787bb5'],
  async run({ client, out }, [name = '']) {
    const found = await find(client, name);
    const value =
      'conversation' in found
        ? await client.call('readConversation', { params: { id: found.conversation } })
        : await client.call('readHostSession', { params: { host, id: found.session } });
    const rows = Object.entries(value).filter(([, one]) => one !== null && typeof one !== 'object');
    const shown = (one: unknown) =>
      typeof one === 'number' && !Number.isInteger(one) ? String(Number(one.toPrecision(6))) : String(one);
    out.data(value, () =>
      rows.map(([key, one]) => `${out.faint(`${key}:`.padEnd(18))} ${shown(one)}`).join('\n'),
    );
    return exitCodes.ok;
  },
};

async function messagesOf(client: Client, name: string, limit: number): Promise<HistoryMessage[]> {
  const found = await find(client, name);
  const messages: HistoryMessage[] = [];
  for (let before: string | undefined; messages.length < limit; ) {
    const query = { limit: Math.min(500, limit - messages.length), before };
    const page =
      'conversation' in found
        ? await client.call('readMessages', { params: { id: found.conversation }, query })
        : await client.call('readHostMessages', { params: { host, id: found.session }, query });
    messages.unshift(...page.messages);
    if (!page.before) break;
    before = page.before;
  }
  return messages;
}

const isShortened = ({ parts }: HistoryMessage) => parts.some((part) => part.type === 'text' && part.clipped);

const shortenedNote = (name: string) =>
  `Long messages are shortened here. For all of a conversation: switchboard export ${name}`;

/** The messages with their whole texts. A session without a conversation has no export, so its stay as they are. */
async function completeMessages(
  client: Client,
  name: string,
  messages: HistoryMessage[],
): Promise<HistoryMessage[]> {
  if (!messages.some(isShortened)) return messages;
  const target = await find(client, name);
  if (!('conversation' in target)) return messages;
  const params = { id: target.conversation };
  const whole: { messages: HistoryMessage[] } = JSON.parse(
    await client.text('exportConversation', { params, query: { format: 'json' } }),
  );
  const byId = new Map(whole.messages.map((message) => [message.id, message]));
  return messages.map((message) => byId.get(message.id) ?? message);
}

const lastMessage: Command = {
  name: 'last-message',
  group: 'find',
  args: [{ flags: '<name>', about: 'a conversation, or a session id or a prefix of it' }],
  about: 'Print the last answer',
  options: [{ flags: '-n, --count <count>', about: 'number of messages (default: 1)' }],
  examples: ['switchboard last-message tests'],
  async run({ client, out }, [name = ''], values) {
    const count = countOf(values, 'count', 1);
    const messages = await messagesOf(client, name, Math.max(100, count * 4));
    const shortened = messages
      .filter(({ role, text }) => role === 'assistant' && text.trim() !== '')
      .slice(-count);
    const said = await completeMessages(client, name, shortened);
    if (said.some(isShortened)) out.say(shortenedNote(name));
    if (!said.length) out.say(`Claude has said nothing in ${name} yet.`);
    out.data(said, () => said.map(({ text }) => text).join('\n\n'));
    return said.length ? exitCodes.ok : exitCodes.failed;
  },
};

const logs: Command = {
  name: 'logs',
  group: 'find',
  args: [{ flags: '<name>', about: 'a conversation, or a session id or a prefix of it' }],
  about: 'Print the messages',
  options: [{ flags: '-n, --count <count>', about: 'number of messages, from the end (default: 1000)' }],
  examples: ['switchboard logs tests | less'],
  async run({ client, out }, [name = ''], values) {
    const messages = await messagesOf(client, name, countOf(values, 'count', 1000));
    if (messages.some(isShortened)) out.say(shortenedNote(name));
    const titles = { user: 'YOU', assistant: 'CLAUDE', system: 'SYSTEM' } as const;
    out.data(messages, () =>
      messages
        .filter(({ text }) => text.trim() !== '')
        .map(({ role, text }) => `${out.bold(`[${titles[role]}]`)}\n${text}`)
        .join('\n\n'),
    );
    return exitCodes.ok;
  },
};

const diagnose: Command = {
  name: 'diagnose',
  group: 'find',
  args: [{ flags: '<session>', about: 'session id or a prefix of it, or a conversation' }],
  about: 'Show what a session did last, its current state, and what to do',
  options: [],
  examples: ['switchboard diagnose 4c787bb5'],
  async run({ client, out }, [name = '']) {
    const found = await find(client, name);
    const id =
      'session' in found
        ? found.session
        : (await client.call('readConversation', { params: { id: found.conversation } })).session_id;
    if (!id) {
      out.say(`Nothing was said in ${name} yet.`);
      return exitCodes.failed;
    }
    const told = await client.call('diagnoseSession', { params: { host, id } });
    const facts = [
      ['last message', told.last_message],
      ['last tool', told.last_tool],
      ['command', told.last_command],
      ['exit code', told.last_exit_code],
      ['last words', told.last_words && clip(told.last_words, 400)],
    ].filter(([, value]) => value !== null);
    out.data(
      told,
      () =>
        `${told.reason}: ${told.advice}\n${facts.map(([key, value]) => `${out.faint(`${key}:`.padEnd(14))} ${value}`).join('\n')}`,
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
    { flags: '-l, --limit <count>', about: 'maximum number of results (default: 20)' },
  ],
  examples: ['switchboard history -s deploy'],
  async run({ client, out }, _args, values) {
    const query = {
      q: textOf(values, 'search'),
      project: textOf(values, 'project'),
      limit: Math.min(500, countOf(values, 'limit', 20)),
    };
    const { prompts } = await client.call('readTyped', { query });
    const rows = prompts.map(({ at, project, text }) => [at ? ago(at) : '', project ?? '', text]);
    out.data(prompts, () =>
      out.isQuiet ? prompts.map(({ text }) => text).join('\n') : table(['WHEN', 'PROJECT', 'PROMPT'], rows),
    );
    return exitCodes.ok;
  },
};

const exportCommand: Command = {
  name: 'export',
  group: 'find',
  args: [{ flags: '<name>', about: 'the conversation' }],
  about: 'Save a whole conversation',
  options: [
    { flags: '--format <format>', about: 'file format (default: md)', choices: ['md', 'json'] },
    { flags: '-o, --output <file>', about: 'write to a file instead of standard output' },
  ],
  examples: ['switchboard export tests -o tests.md'],
  async run({ client, out }, [name = ''], values) {
    const format = textOf(values, 'format') === 'json' || out.isJson ? 'json' : 'md';
    const text = await client.text('exportConversation', { params: { id: name }, query: { format } });
    const file = textOf(values, 'output');
    if (file) await writeExport(file, text);
    else out.write(text);
    return exitCodes.ok;
  },
};

async function writeExport(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${file} cannot be written (${error.code}).`);
  });
}

export const findCommands = [list, search, show, lastMessage, logs, diagnose, history, exportCommand];
