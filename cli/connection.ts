import { lstatSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { CliError } from './errors.ts';

/** Where a server is, and the credentials for it. */
export type Connection = {
  url: string;
  authorization: string;
  /** Set if both come from the note of this machine's server: why that note cannot be right, or null. */
  findStaleReason?(): Promise<string | null>;
};

type Environment = Readonly<Record<string, string | undefined>>;

type Note = { url: string; token: string; pid?: number; instance?: string };

/** How long a server may take to say which run of it answers. */
const answerMs = 2000;

/** Where the server of this machine says how it is reached; it alone writes it, with mode 0600. */
export const stateFile = (env: Environment): string =>
  join(env['XDG_STATE_HOME'] || join(env['HOME'] ?? '', '.local', 'state'), 'switchboard', 'server.json');

const bearer = (token: string) => `Bearer ${token}`;

function parseServerUrl(text: string): string {
  try {
    const url = new URL(text);
    if (!/^https?:$/.test(url.protocol)) throw new Error();
    return url.href.replace(/\/+$/, '');
  } catch {
    throw new CliError(
      `${JSON.stringify(text)} is not the address of a server. Use one such as http://127.0.0.1:8000.`,
    );
  }
}

/**
 * The server that is meant: `--server`, SWITCHBOARD_URL, or that of this machine. A token comes from `--token` or
 * SWITCHBOARD_TOKEN, a password from SWITCHBOARD_AUTH (`user:password`). Throws CliError if none is found.
 */
export function findConnection(
  given: { server?: string | undefined; token?: string | undefined },
  env: Environment,
): Connection {
  const url = given.server ?? env['SWITCHBOARD_URL'];
  const token = given.token ?? env['SWITCHBOARD_TOKEN'];
  const { note, fault } = readNote(env);
  const byNote = (own: Note): Connection => ({
    url: own.url,
    authorization: bearer(token ?? own.token),
    findStaleReason: () => whyStale(own, stateFile(env)),
  });
  if (url) {
    const address = parseServerUrl(url);
    if (token) return { url: address, authorization: bearer(token) };
    if (env['SWITCHBOARD_AUTH']) {
      return {
        url: address,
        authorization: `Basic ${Buffer.from(env['SWITCHBOARD_AUTH']).toString('base64')}`,
      };
    }
    if (note?.url === address) return byNote(note);
    throw new CliError(
      `There is no token for ${address}. Make one there (switchboard token, or its settings), and set SWITCHBOARD_TOKEN.`,
    );
  }
  if (note) return byNote(note);
  const start = 'Start one with `switchboard serve`, or name another with --server or SWITCHBOARD_URL.';
  throw new CliError(fault ? `${fault} ${start}` : `No server runs on this machine. ${start}`);
}

/** The note of this machine's server, or why there is none although its file is there. */
function readNote(env: Environment): { note: Note | null; fault: string | null } {
  const file = stateFile(env);
  try {
    const note = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof note?.url === 'string' && typeof note.token === 'string') return { note, fault: null };
    return { note: null, fault: describeDamage(file) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { note: null, fault: null };
    return {
      note: null,
      fault: error instanceof SyntaxError ? describeDamage(file) : describeFault(file, error as Error),
    };
  }
}

/** What is wrong with the file that describes the server, or null. */
export const findNoteFault = (env: Environment): string | null => readNote(env).fault;

const describeDamage = (file: string) =>
  `${file} is damaged, and is not a note of a server. A server that runs replaces it within seconds.`;

function describeFault(file: string, error: Error): string {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found?.isDirectory()) return `${file} is a folder, and the server writes a file there. Remove it.`;
  if (found && process.getuid && found.uid !== process.getuid()) {
    const owner = found.uid === 0 ? 'root' : `uid ${found.uid}`;
    return `${file} belongs to another user (${owner}). Remove it, or give it back: sudo chown ${userInfo().username} ${file}`;
  }
  return `${file} cannot be read: ${error.message}.`;
}

/** Why the server that wrote a note is not the one that answers at its address. */
async function whyStale({ url, pid, instance }: Note, file: string): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(answerMs) });
    const { service } = (await answer.json()) as { service?: string };
    if (service === 'switchboard' && answer.headers.get('x-switchboard-instance') === (instance ?? null))
      return null;
  } catch {
    // Nothing answers there, or another program.
  }
  const process =
    pid === undefined ? '' : ` (pid ${pid}, ${isRunning(pid) ? 'now another program' : 'gone'})`;
  return `${file} is from an earlier run${process}. A server that runs replaces it within seconds; start one with \`switchboard serve\`.`;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether a name leads to this machine alone. */
export const isLoopback = (name: string): boolean =>
  ['127.0.0.1', 'localhost', '[::1]', '::1'].includes(name);
