import type { ArchiveRecord } from '../../contract/archive.ts';
import { type Command, countOf, textOf } from '../command.ts';
import { exitCodes } from '../fault.ts';
import { ago, clip, table } from '../output.ts';
import { sessionOf } from '../session-of.ts';

const host = 'local';

const rowOf = (record: ArchiveRecord): string[] => [
  record.id,
  record.session_id.slice(0, 8),
  record.door,
  record.reason ?? 'alive',
  ago(record.started_at),
  record.ended_at ? ago(record.ended_at) : '',
  record.project,
  record.label ?? record.name ?? '',
];

const facts = (record: ArchiveRecord): [string, unknown][] => [
  ['session', record.session_id],
  ['door', record.door],
  ['project', record.project],
  ['reason', record.reason ?? 'alive'],
  ['last tool', record.last_tool],
  ['command', record.last_command],
  ['exit code', record.last_exit_code],
  ['memory', record.memory_signs.join(', ') || null],
  ['last words', record.last_words && clip(record.last_words, 400)],
];

const ended: Command = {
  name: 'ended',
  group: 'find',
  args: [{ flags: '[record]', about: 'id of a record (default: list all)' }],
  about: 'List sessions that Switchboard started and why they ended, or show one',
  options: [
    { flags: '--log', about: 'print the end of what its terminal showed' },
    { flags: '--tail-kb <count>', about: 'with --log: how much of it, in KB (default: 64)' },
    { flags: '--label <text>', about: 'set a label; an empty text removes it' },
    { flags: '--hide', about: 'hide it from the list' },
    { flags: '--unhide', about: 'show it in the list again' },
    { flags: '-l, --limit <count>', about: 'maximum number of results (default: 30)' },
    { flags: '--hidden', about: 'include hidden ones' },
    { flags: '--door <door>', about: 'filter by type', choices: ['terminal', 'headless'] },
  ],
  examples: [
    'switchboard ended',
    'switchboard ended 4c787bb5aaaa --log | less',
    'switchboard ended 4c787bb5aaaa --hide',
  ],
  async run({ client, out }, [id], values) {
    if (!id) {
      const query = {
        limit: Math.min(500, countOf(values, 'limit', 30)),
        hidden: values['hidden'] ? ('true' as const) : undefined,
        door: textOf(values, 'door') as ArchiveRecord['door'] | undefined,
      };
      const { records } = await client.call('listArchive', { query });
      out.data(records, () =>
        out.isQuiet
          ? records.map((one) => one.id).join('\n')
          : table(
              ['ID', 'SESSION', 'DOOR', 'REASON', 'STARTED', 'ENDED', 'PROJECT', 'NAME'],
              records.map(rowOf),
            ),
      );
      return exitCodes.ok;
    }
    const params = { id };
    if (values['log']) {
      const log = await client.text('readArchiveLog', {
        params,
        query: { tail_kb: countOf(values, 'tailKb', 64) },
      });
      if (!log) out.say('Nothing is kept of what it showed: it had no terminal, or its log was too old.');
      if (out.isJson) out.data({ id, log }, () => '');
      else out.write(log);
      return exitCodes.ok;
    }
    const label = textOf(values, 'label');
    if (label !== undefined) await client.call('changeArchive', { params, body: { label: label || null } });
    if (values['hide']) await client.call('hideArchive', { params });
    if (values['unhide']) await client.call('unhideArchive', { params });
    const record = await client.call('readArchive', { params });
    const known = facts(record).filter(([, value]) => value !== null);
    out.data(record, () =>
      [
        record.advice ?? 'It is alive.',
        ...known.map(([key, value]) => `${out.faint(`${key}:`.padEnd(14))} ${value}`),
      ].join('\n'),
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
    const params = { host, id: await sessionOf(client, name) };
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

export const endedCommands = [ended, repair];
