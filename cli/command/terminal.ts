import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Session } from '../../contract/session.ts';
import { ApiError, type Client } from '../client.ts';
import { type Command, textOf } from '../command.ts';
import { CliError, exitCodes } from '../fault.ts';

const host = 'local';
const sessionArg = { flags: '<session>', about: 'the beginning of the id of a session, or a conversation' };
const openOptions = [
  { flags: '--model <model>', about: 'its model' },
  { flags: '--mode <mode>', about: 'its permission mode; it asks where this is left out' },
];

/** The session of a conversation of that name, else the name as the beginning of an id. */
async function sessionOf(client: Client, name: string): Promise<string> {
  try {
    const { session_id } = await client.call('readConversation', { params: { id: name } });
    if (session_id) return session_id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'conversation_not_found') throw error;
  }
  return name;
}

const how = (values: Parameters<Command['run']>[2]) => {
  const [model, mode] = [textOf(values, 'model'), textOf(values, 'mode')];
  return { ...(model ? { model } : {}), ...(mode ? { permission_mode: mode as 'plan' } : {}) };
};

const told = (session: Session) => `${session.id}\n${session.terminal?.command ?? ''}`;

const spawnCommand: Command = {
  name: 'spawn',
  group: 'terminal',
  args: [{ flags: '[folder]', about: 'where it works; here where it is left out' }],
  about: 'Start Claude Code in a terminal on the machine of the server; prints its id and how to sit down at it',
  options: [{ flags: '--name <name>', about: 'what it is called' }, ...openOptions],
  examples: ['switchboard spawn ~/src/api', 'switchboard attach "$(switchboard spawn -q)"'],
  async run({ client, out }, [folder = '.'], values) {
    const name = textOf(values, 'name');
    const body = { project: folder.startsWith('~') ? folder : resolve(folder), ...(name ? { name } : {}), ...how(values) };
    const session = await client.call('startTerminal', { params: { host }, body });
    out.data(session, () => (out.isQuiet ? session.id : told(session)));
    return exitCodes.ok;
  },
};

const resume: Command = {
  name: 'resume',
  group: 'terminal',
  args: [sessionArg],
  about: 'Open an ended session in a terminal on the machine of the server',
  options: openOptions,
  examples: ['switchboard resume 4c787bb5'],
  async run({ client, out }, [name = ''], values) {
    const session = await client.call('resumeTerminal', { params: { host, id: await sessionOf(client, name) }, body: how(values) });
    out.data(session, () => (out.isQuiet ? session.id : told(session)));
    return exitCodes.ok;
  },
};

const attach: Command = {
  name: 'attach',
  group: 'terminal',
  args: [sessionArg],
  about: 'Sit down at the terminal of a session, here; an ended one is opened first. Ctrl-b d leaves it running',
  options: openOptions,
  examples: ['switchboard attach tests'],
  async run({ client, out }, [name = ''], values) {
    const id = await sessionOf(client, name);
    let session = await client.call('readHostSession', { params: { host, id } });
    if (session.state === 'ended' || (!session.terminal && session.conv_id !== null)) {
      session = await client.call('resumeTerminal', { params: { host, id: session.id }, body: how(values) });
    }
    if (!session.terminal) throw new CliError(`Session ${session.id} is open in process ${session.pid}, in no terminal that was started here.`);
    if (!out.isTerminal || !process.stdout.isTTY) {
      out.data(session, () => String(session.terminal?.command));
      return exitCodes.ok;
    }
    const child = spawn('tmux', ['-L', 'switchboard', 'attach', '-t', `=${session.terminal.name}`], { stdio: 'inherit' });
    return new Promise((done, reject) => {
      child.on('error', () => reject(new CliError('tmux is not on this machine. Attach where the server runs.')));
      child.on('exit', (code) => done(code ?? exitCodes.failed));
    });
  },
};

const type: Command = {
  name: 'type',
  group: 'terminal',
  args: [sessionArg, { flags: '<message>', about: 'what to type and send; `-` reads standard input' }],
  about: 'Type a message into the terminal of a session',
  options: [],
  examples: ['switchboard type 4c787bb5 "go on"'],
  async run({ client, out, readInput }, [name = '', given = '']) {
    const message = given === '-' ? await readInput() : given;
    const sent = await client.call('sendToTerminal', { params: { host, id: await sessionOf(client, name) }, body: { message } });
    out.data(sent, () => sent.state);
    return exitCodes.ok;
  },
};

const screen: Command = {
  name: 'screen',
  group: 'terminal',
  args: [sessionArg],
  about: 'Print what the terminal of a session shows',
  options: [],
  examples: ['switchboard screen 4c787bb5'],
  async run({ client, out }, [name = '']) {
    const shown = await client.call('readTerminal', { params: { host, id: await sessionOf(client, name) } });
    out.data(shown, () => shown.text.trimEnd());
    return exitCodes.ok;
  },
};

const kill: Command = {
  name: 'kill',
  group: 'terminal',
  args: [sessionArg],
  about: 'End the terminal of a session; its transcript stays',
  options: [],
  examples: ['switchboard kill 4c787bb5'],
  async run({ client, out }, [name = '']) {
    const { killed } = await client.call('killTerminal', { params: { host, id: await sessionOf(client, name) } });
    out.data({ killed }, () => killed);
    return exitCodes.ok;
  },
};

export const terminalCommands = [spawnCommand, resume, attach, type, screen, kill];
