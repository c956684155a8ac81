import { conversationCommands } from './command/conversations.ts';
import { diagnoseCommands } from './command/diagnose.ts';
import { doctor } from './command/doctor.ts';
import { listCommands } from './command/list.ts';
import { pick } from './command/pick.ts';
import { promptCommands } from './command/prompts.ts';
import { queueCommands } from './command/queue.ts';
import { readCommands } from './command/read.ts';
import { ended } from './command/records.ts';
import { search } from './command/search.ts';
import { serverCommands } from './command/server.ts';
import { service } from './command/service.ts';
import { talkCommands } from './command/talk.ts';
import { terminalCommands } from './command/terminal.ts';
import { undoCommands } from './command/undo.ts';
import type { Command, OptionRow } from './command.ts';

/** Every command: the help, the completion and docs/cli.md are made from this. */
export const commands: readonly Command[] = [
  ...talkCommands,
  ...listCommands,
  search,
  ...readCommands,
  pick,
  ...diagnoseCommands,
  ended,
  ...promptCommands,
  ...queueCommands,
  ...conversationCommands,
  ...undoCommands,
  ...terminalCommands,
  ...serverCommands,
  doctor,
  service,
];

export const groups: Readonly<Record<Command['group'], string>> = {
  talk: 'Talk',
  find: 'Find and read',
  steer: 'Steer',
  terminal: 'Terminals',
  server: 'The server',
};

/** Options of every command. */
export const commonOptions: readonly OptionRow[] = [
  {
    flags: '--server <url>',
    about: 'server to use (default: the one on this machine); also SWITCHBOARD_URL',
  },
  {
    flags: '--token <token>',
    about: 'access token; also SWITCHBOARD_TOKEN, or SWITCHBOARD_AUTH=user:password',
  },
  { flags: '--json', about: 'print data as JSON' },
  { flags: '-q, --quiet', about: 'print ids only, no messages' },
];
