import { writeFile } from 'node:fs/promises';
import type { HistoryMessage } from '../../contract/message.ts';
import type { Client } from '../client.ts';
import type { Command } from '../command.ts';
import { CliError, exitCodes } from '../errors.ts';
import { integerOption, stringOption } from '../option.ts';
import { resolveName } from '../resolve-name.ts';

const host = 'local';

const show: Command = {
  name: 'show',
  group: 'find',
  args: [{ flags: '<name>', about: 'a conversation, or a session id or a prefix of it' }],
  about: 'Show the details of a conversation or session',
  options: [],
  examples: ['switchboard show tests', 'switchboard show 4c787bb5'],
  async run({ client, out }, [name = '']) {
    const found = await resolveName(client, name);
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

async function readMessages(client: Client, name: string, limit: number): Promise<HistoryMessage[]> {
  const found = await resolveName(client, name);
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
  const target = await resolveName(client, name);
  if (!('conversation' in target)) return messages;
  const params = { id: target.conversation };
  const whole: { messages: HistoryMessage[] } = JSON.parse(
    await client.readText('exportConversation', { params, query: { format: 'json' } }),
  );
  const byId = new Map(whole.messages.map((message) => [message.id, message]));
  return messages.map((message) => byId.get(message.id) ?? message);
}

const lastMessage: Command = {
  name: 'last-message',
  group: 'find',
  args: [{ flags: '<name>', about: 'a conversation, or a session id or a prefix of it' }],
  about: 'Print the last answer',
  options: [{ flags: '-n, --count <count>', about: 'number of messages', default: 1 }],
  examples: ['switchboard last-message tests'],
  async run({ client, out }, [name = ''], values) {
    const count = integerOption(values, 'count');
    const messages = await readMessages(client, name, Math.max(100, count * 4));
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
  options: [{ flags: '-n, --count <count>', about: 'number of messages, from the end', default: 1000 }],
  examples: ['switchboard logs tests | less'],
  async run({ client, out }, [name = ''], values) {
    const messages = await readMessages(client, name, integerOption(values, 'count'));
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

const exportCommand: Command = {
  name: 'export',
  group: 'find',
  args: [{ flags: '<name>', about: 'the conversation' }],
  about: 'Save a whole conversation',
  options: [
    { flags: '--format <format>', about: 'file format', default: 'md', choices: ['md', 'json'] },
    { flags: '-o, --output <file>', about: 'write to a file instead of standard output' },
  ],
  examples: ['switchboard export tests -o tests.md'],
  async run({ client, out }, [name = ''], values) {
    const format = stringOption(values, 'format') === 'json' || out.isJson ? 'json' : 'md';
    const text = await client.readText('exportConversation', { params: { id: name }, query: { format } });
    const file = stringOption(values, 'output');
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

export const readCommands = [show, lastMessage, logs, exportCommand];
