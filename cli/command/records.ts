import type { ArchiveRecord } from '../../contract/archive.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { integerOption, stringOption } from '../option.ts';
import { formatAge, formatTable, truncate } from '../output.ts';

const toRow = (record: ArchiveRecord): string[] => [
  record.id,
  record.session_id.slice(0, 8),
  record.door,
  record.reason ?? 'alive',
  formatAge(record.started_at),
  record.ended_at ? formatAge(record.ended_at) : '',
  record.project,
  record.label ?? record.name ?? '',
];

const listFacts = (record: ArchiveRecord): [string, unknown][] => [
  ['session', record.session_id],
  ['door', record.door],
  ['project', record.project],
  ['reason', record.reason ?? 'alive'],
  ['last tool', record.last_tool],
  ['command', record.last_command],
  ['exit code', record.last_exit_code],
  ['memory', record.memory_signs.join(', ') || null],
  ['last words', record.last_words && truncate(record.last_words, 400)],
];

export const ended: Command = {
  name: 'ended',
  group: 'find',
  args: [{ flags: '[record]', about: 'id of a record (default: list all)' }],
  about: 'List sessions that Switchboard started and why they ended, or show one',
  options: [
    { flags: '--log', about: 'print the end of what its terminal showed' },
    { flags: '--tail-kb <count>', about: 'with --log: how much of it, in KB', default: 64 },
    { flags: '--label <text>', about: 'set a label; an empty text removes it' },
    { flags: '--hide', about: 'hide it from the list' },
    { flags: '--unhide', about: 'show it in the list again' },
    { flags: '-l, --limit <count>', about: 'maximum number of results', default: 30 },
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
        limit: Math.min(500, integerOption(values, 'limit')),
        hidden: values['hidden'] ? ('true' as const) : undefined,
        door: stringOption(values, 'door') as ArchiveRecord['door'] | undefined,
      };
      const { records } = await client.call('listArchive', { query });
      out.data(records, () =>
        out.isQuiet
          ? records.map((one) => one.id).join('\n')
          : formatTable(
              ['ID', 'SESSION', 'DOOR', 'REASON', 'STARTED', 'ENDED', 'PROJECT', 'NAME'],
              records.map(toRow),
            ),
      );
      return exitCodes.ok;
    }
    const params = { id };
    if (values['log']) {
      const log = await client.readText('readArchiveLog', {
        params,
        query: { tail_kb: integerOption(values, 'tailKb') },
      });
      if (!log) out.say('Nothing is kept of what it showed: it had no terminal, or its log was too old.');
      if (out.isJson) out.data({ id, log }, () => '');
      else out.write(log);
      return exitCodes.ok;
    }
    const label = stringOption(values, 'label');
    if (label !== undefined) await client.call('changeArchive', { params, body: { label: label || null } });
    if (values['hide']) await client.call('hideArchive', { params });
    if (values['unhide']) await client.call('unhideArchive', { params });
    const record = await client.call('readArchive', { params });
    const known = listFacts(record).filter(([, value]) => value !== null);
    out.data(record, () =>
      [
        record.advice ?? 'It is alive.',
        ...known.map(([key, value]) => `${out.faint(`${key}:`.padEnd(14))} ${value}`),
      ].join('\n'),
    );
    return exitCodes.ok;
  },
};
