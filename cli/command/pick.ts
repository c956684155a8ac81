import type { Session } from '../../contract/session.ts';
import type { Command } from '../command.ts';
import { exitCodes, UsageError } from '../errors.ts';
import { stringOption } from '../option.ts';
import { formatAge, truncate } from '../output.ts';

/** The number of sessions to pick from; `search` finds older ones. */
const maxRows = 200;

const sessionName = (session: Session) => session.title ?? session.first_message ?? session.id;
const formatSession = (session: Session) =>
  truncate(
    `${session.id.slice(0, 8)}  ${session.state.padEnd(7)}  ${formatAge(session.modified_at).padEnd(8)}  ${sessionName(session)}`.replaceAll(
      /\s/g,
      ' ',
    ),
    100,
  );

/** Fields that are searched, each separately: a few letters can be found in any two fields together. */
const fields = [
  sessionName,
  (session: Session) => session.project ?? '',
  (session: Session) => session.first_message ?? '',
  (session: Session) => session.last_message ?? '',
  (session: Session) => session.id,
];

/** Minimum fuzzy score (1 = exact): rejects letters scattered over a long text. */
const weakest = 0.2;

/** The preview of the selected session. */
const formatPreview = (session: Session) =>
  [
    `${session.project ?? 'no project'}${session.conv_id ? ` · conversation ${session.conv_id}` : ''} · ${session.turns} turns`,
    session.first_message && `first: ${truncate(session.first_message.replaceAll(/\s+/g, ' '), 150)}`,
    session.last_message && `last:  ${truncate(session.last_message.replaceAll(/\s+/g, ' '), 150)}`,
  ]
    .filter(Boolean)
    .join('\n');

export const pick: Command = {
  name: 'pick',
  group: 'find',
  args: [],
  about: 'Pick a session by typing some of its letters, with a preview; prints its id',
  options: [{ flags: '-p, --project <part>', about: 'only projects whose path contains this' }],
  examples: ['switchboard attach "$(switchboard pick)"', 'switchboard logs "$(switchboard pick -p api)"'],
  async run({ client, out, signal }, _args, values) {
    if (!out.isTerminal)
      throw new UsageError('`pick` needs a terminal. Use `switchboard list --sessions` to list sessions.');
    const query = { limit: maxRows, project: stringOption(values, 'project') };
    const { sessions } = await client.call('listHostSessions', { params: { host: 'local' }, query });
    if (!sessions.length) {
      out.say('There are no sessions.');
      return exitCodes.failed;
    }
    // Only this command needs them, and they take as long to load as all the others together.
    const [{ default: search }, { default: fuzzysort }] = await Promise.all([
      import('@inquirer/search'),
      import('fuzzysort'),
    ]);
    const source = (term: string | undefined) => {
      const found = term
        ? fuzzysort
            .go(term, sessions, { keys: fields, limit: maxRows, threshold: weakest })
            .map(({ obj }) => obj)
        : sessions;
      return found.map((session) => ({
        value: session.id,
        name: formatSession(session),
        description: formatPreview(session),
      }));
    };
    // Standard output gets only the id.
    const asking = search(
      { message: 'Session', source, pageSize: 12 },
      { input: process.stdin, output: process.stderr, signal },
    );
    const id = await asking.catch((error: Error) => {
      if (error.name === 'ExitPromptError' || error.name === 'AbortPromptError') return null;
      throw error;
    });
    if (id === null) return exitCodes.interrupted;
    const session = sessions.find((one) => one.id === id);
    out.data(session, () => id);
    return exitCodes.ok;
  },
};
