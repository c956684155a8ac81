import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from './fault.ts';

/** Where a server is, and what it lets this one in by. */
export type Connection = { url: string; authorization: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the server of this machine says how it is reached; it alone writes it, with mode 0600. */
export const stateFile = (env: Environment): string =>
  join(env['XDG_STATE_HOME'] || join(env['HOME'] ?? '', '.local', 'state'), 'switchboard', 'server.json');

const bearer = (token: string) => `Bearer ${token}`;

function urlOf(text: string): string {
  try {
    const url = new URL(text);
    if (!/^https?:$/.test(url.protocol)) throw new Error();
    return url.href.replace(/\/+$/, '');
  } catch {
    throw new CliError(`${JSON.stringify(text)} is no address of a server. Use one such as http://127.0.0.1:8000.`);
  }
}

/**
 * The server that is meant: `--server`, SWITCHBOARD_URL, or that of this machine. A token comes from `--token` or
 * SWITCHBOARD_TOKEN, a password from SWITCHBOARD_AUTH (`user:password`). Throws CliError where none is found.
 */
export function findConnection(given: { server?: string | undefined; token?: string | undefined }, env: Environment): Connection {
  const url = given.server ?? env['SWITCHBOARD_URL'];
  const token = given.token ?? env['SWITCHBOARD_TOKEN'];
  const own = readOwn(env);
  if (url) {
    const address = urlOf(url);
    if (token) return { url: address, authorization: bearer(token) };
    if (env['SWITCHBOARD_AUTH']) return { url: address, authorization: `Basic ${Buffer.from(env['SWITCHBOARD_AUTH']).toString('base64')}` };
    if (own?.url === address) return { url: address, authorization: bearer(own.token) };
    throw new CliError(`There is no token for ${address}. Make one there (switchboard token, or its settings), and set SWITCHBOARD_TOKEN.`);
  }
  if (own) return { url: own.url, authorization: bearer(token ?? own.token) };
  throw new CliError('No server runs on this machine. Start one with `switchboard serve`, or name another with --server or SWITCHBOARD_URL.');
}

function readOwn(env: Environment): { url: string; token: string } | null {
  try {
    const { url, token } = JSON.parse(readFileSync(stateFile(env), 'utf8'));
    return typeof url === 'string' && typeof token === 'string' ? { url, token } : null;
  } catch {
    return null;
  }
}

/** Whether a name leads to this machine alone. */
export const isLocal = (name: string): boolean => ['127.0.0.1', 'localhost', '[::1]', '::1'].includes(name);
