import type { Command } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { integerOption, stringOption, timeOption } from '../option.ts';
import { formatAge, truncate } from '../output.ts';
export const search: Command = {
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
    { flags: '-l, --limit <count>', about: 'maximum number of results', default: 20 },
  ],
  examples: ['switchboard search "connection reset"', 'switchboard search migrat* --role user --since 7d'],
  async run({ client, out }, args, values) {
    const role = stringOption(values, 'role') as 'user' | undefined;
    const [since, until] = [timeOption(values, 'since'), timeOption(values, 'until')];
    const query = {
      q: args.join(' '),
      project: stringOption(values, 'project'),
      role,
      since,
      until,
      limit: Math.min(100, integerOption(values, 'limit')),
    };
    const answer = await client.call('search', { query });
    if (!answer.indexing.done)
      out.say('The transcripts are still being read: what is not read yet is not found.');
    const ids = () => [...new Set(answer.hits.map(({ session_id }) => session_id))].join('\n');
    const rows = () =>
      answer.hits
        .map(
          (hit) =>
            `${out.bold(hit.session_id.slice(0, 8))}  ${hit.at ? formatAge(hit.at) : ''}  ${hit.project ?? ''}\n  ${hit.agent_id ? 'sub-agent' : hit.role}: ${truncate(hit.excerpt, 300)}`,
        )
        .join('\n');
    out.data(answer.hits, out.isQuiet ? ids : rows);
    return answer.hits.length ? exitCodes.ok : exitCodes.failed;
  },
};
