import type { Command } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { truncate } from '../output.ts';
import { resolveName } from '../resolve-name.ts';
import { resolveSession } from '../resolve-session.ts';

const host = 'local';

const diagnose: Command = {
  name: 'diagnose',
  group: 'find',
  args: [{ flags: '<session>', about: 'session id or a prefix of it, or a conversation' }],
  about: 'Show what a session did last, its current state, and what to do',
  options: [],
  examples: ['switchboard diagnose 4c787bb5'],
  async run({ client, out }, [name = '']) {
    const found = await resolveName(client, name);
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
      ['last words', told.last_words && truncate(told.last_words, 400)],
    ].filter(([, value]) => value !== null);
    out.data(
      told,
      () =>
        `${told.reason}: ${told.advice}\n${facts.map(([key, value]) => `${out.faint(`${key}:`.padEnd(14))} ${value}`).join('\n')}`,
    );
    return exitCodes.ok;
  },
};

const repair: Command = {
  name: 'repair',
  group: 'find',
  args: [{ flags: '<session>', about: 'session id or a prefix of it, or a conversation' }],
  about:
    'Check a transcript and write a repaired copy; prints the id of the copy, or of the original if nothing is wrong',
  options: [{ flags: '--dry-run', about: 'report only' }],
  examples: [
    'switchboard repair 4c787bb5 --dry-run',
    'switchboard new repaired --session "$(switchboard repair -q 4c787bb5)"',
  ],
  async run({ client, out }, [name = ''], values) {
    const params = { host, id: await resolveSession(client, name) };
    const found = await client.call('repairSession', {
      params,
      body: { dry_run: values['dryRun'] === true },
    });
    if (found.sound) out.say('Nothing is wrong with it.');
    for (const text of found.loses) out.say(`A resume goes on without ${text}.`);
    if (found.copy) for (const text of found.mends) out.say(`In the copy: ${text}.`);
    out.data(found, () => found.copy?.session_id ?? (found.sound ? found.id : ''));
    return exitCodes.ok;
  },
};

export const diagnoseCommands = [diagnose, repair];
