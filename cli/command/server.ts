import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderUnicodeCompact } from 'uqr';
import type { Command } from '../command.ts';
import { buildCompletion, type Shell, shells } from '../completion.ts';
import { isLoopback } from '../connection.ts';
import { CliError, exitCodes, UsageError } from '../errors.ts';
import { numberOption } from '../option.ts';

const status: Command = {
  name: 'status',
  group: 'server',
  args: [],
  about: 'Show server, Claude and tunnel status',
  options: [],
  examples: ['switchboard status'],
  async run({ client, out }) {
    const found = await client.call('status', {});
    const { claude, tunnel, storage } = found;
    out.data(found, () =>
      [
        `server   ${client.url}, version ${found.version}`,
        `claude   ${claude.found ? `${claude.version ?? 'unknown version'} at ${claude.path}` : 'not found'}${claude.logged_in === false ? ', NOT signed in' : ''}`,
        ...(claude.hint ? [`         ${claude.hint}`] : []),
        `tunnel   ${tunnel.url ?? tunnel.state}`,
        `turns    ${found.turns.running} running, ${found.turns.queued} waiting`,
        ...(storage.detail ? [`storage  ${storage.detail}`] : []),
        ...storage.notes.map(({ text }) => `storage  ${text}`),
      ].join('\n'),
    );
    return exitCodes.ok;
  },
};

const token: Command = {
  name: 'token',
  group: 'server',
  args: [{ flags: '<label>', about: 'what the token is for' }],
  about: 'Create a token for a script or another machine; it is shown only once',
  options: [],
  examples: ['SWITCHBOARD_TOKEN=$(switchboard token laptop)'],
  async run({ client, out }, [label = '']) {
    const made = await client.call('createToken', { body: { label } });
    out.data(made, () => made.token);
    return exitCodes.ok;
  },
};

const genSecret: Command = {
  name: 'gen-secret',
  group: 'server',
  args: [],
  about: 'Print a random secret, for example for AUTH_PASSWORD',
  options: [{ flags: '-l, --length <bytes>', about: 'length in bytes', default: 32 }],
  examples: ['echo "AUTH_PASSWORD=$(switchboard gen-secret)" >> .env'],
  async run({ out }, _args, values) {
    const bytes = numberOption(values, 'length');
    if (!Number.isInteger(bytes) || bytes > 1024)
      throw new UsageError('--length: use a whole number up to 1024.');
    const secret = randomBytes(bytes).toString('hex');
    out.data({ secret }, () => secret);
    return exitCodes.ok;
  },
};

const openCommand: Command = {
  name: 'open',
  group: 'server',
  args: [],
  about: 'Show a link and QR code that sign in one other device within five minutes',
  options: [],
  examples: ['switchboard open'],
  async run({ client, out }) {
    const { url, expires_at, is_tunnel } = await client.call('createPairing', {});
    out.data({ url, expires_at, is_tunnel }, () =>
      out.isTerminal && !out.isQuiet ? `${renderUnicodeCompact(url)}\n${url}` : url,
    );
    if (!is_tunnel && isLoopback(new URL(url).hostname))
      out.say(
        'This address leads to this machine alone. For a phone set TUNNEL, or put a proxy or VPN in front: docs/phone.md.',
      );
    else if (!is_tunnel)
      out.say(
        'It works where this machine can be reached by that address; with a tunnel it works from anywhere.',
      );
    return exitCodes.ok;
  },
};

const completion: Command = {
  name: 'completion',
  group: 'server',
  args: [{ flags: '<shell>', about: shells.join(', '), choices: shells }],
  about: 'Print the completion script of a shell',
  options: [],
  examples: ['switchboard completion bash > ~/.local/share/bash-completion/completions/switchboard'],
  async run({ out, commands, commonOptions }, [shell = '']) {
    const script = buildCompletion(shell as Shell, commands, commonOptions);
    out.data({ shell, script }, () => script.trimEnd());
    return exitCodes.ok;
  },
};

const serve: Command = {
  name: 'serve',
  group: 'server',
  args: [],
  about: 'Start the server; settings come from the environment and .env',
  options: [
    {
      flags: '--accept-empty',
      about: 'start with an empty journal although the data folder had one; its messages are lost',
    },
  ],
  examples: ['PORT=8000 switchboard serve'],
  async run() {
    const server = new URL('../server/main.js', import.meta.url);
    if (!existsSync(server)) throw new CliError('The server is not built. Run: npm run build');
    await import(/* @vite-ignore */ server.href);
    // It runs until it is stopped, and ends the process itself.
    return new Promise<number>(() => {});
  },
};

const repairStore: Command = {
  name: 'repair-store',
  group: 'server',
  args: [],
  about: 'Recover what is readable from a damaged journal; the old file is kept. Stop the server first',
  options: [],
  examples: ['switchboard repair-store && switchboard serve'],
  async run() {
    const server = fileURLToPath(new URL('../server/main.js', import.meta.url));
    if (!existsSync(server)) throw new CliError('The server is not built. Run: npm run build');
    const { status } = spawnSync(process.execPath, [server, '--repair-store'], { stdio: 'inherit' });
    return status ?? exitCodes.failed;
  },
};

export const serverCommands = [serve, repairStore, status, openCommand, token, genSecret, completion];
