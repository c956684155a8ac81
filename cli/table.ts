import { endedCommands } from './command/ended.ts';
import { findCommands } from './command/find.ts';
import { machineCommands } from './command/machine.ts';
import { pick } from './command/pick.ts';
import { serverCommands } from './command/server.ts';
import { steerCommands } from './command/steer.ts';
import { talkCommands } from './command/talk.ts';
import { terminalCommands } from './command/terminal.ts';
import type { Command } from './command.ts';

/** Every command: the help, the completion and docs/cli.md are made of this. */
export const commands: readonly Command[] = [
  ...talkCommands,
  ...findCommands,
  pick,
  ...endedCommands,
  ...steerCommands,
  ...terminalCommands,
  ...serverCommands,
  ...machineCommands,
];

export const groups: Readonly<Record<Command['group'], string>> = {
  talk: 'Talk',
  find: 'Find and read',
  steer: 'Steer',
  terminal: 'Terminals',
  server: 'The server',
};

/** What every command takes. */
export const commonOptions = [
  {
    flags: '--server <url>',
    about: 'server to use (default: the one on this machine); also SWITCHBOARD_URL',
  },
  {
    flags: '--token <token>',
    about: 'access token; also SWITCHBOARD_TOKEN, or SWITCHBOARD_AUTH=user:password',
  },
  { flags: '--json', about: 'data as JSON' },
  { flags: '-q, --quiet', about: 'print ids only, no messages' },
] as const;
