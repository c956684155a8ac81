import { spawn } from 'node:child_process';
import type { Session } from '../../contract/session.ts';
import type { Command } from '../command.ts';
import { CliError, exitCodes, UsageError } from '../errors.ts';
import { parseDuration, permissionModes, resolveFolder, stringOption } from '../option.ts';
import { resolveSession } from '../resolve-session.ts';

const host = 'local';
const sessionArg = { flags: '<session>', about: 'session id or a prefix of it, or a conversation' };
const openOptions = [
  { flags: '--model <model>', about: 'its model' },
  { flags: '--mode <mode>', about: 'its permission mode (default: ask)', choices: permissionModes },
];

const launchOptions = (values: Parameters<Command['run']>[2]) => {
  const [model, mode] = [stringOption(values, 'model'), stringOption(values, 'mode')];
  return { ...(model ? { model } : {}), ...(mode ? { permission_mode: mode as 'plan' } : {}) };
};

const describeTerminal = (session: Session) => `${session.id}\n${session.terminal?.command ?? ''}`;

const spawnCommand: Command = {
  name: 'spawn',
  group: 'terminal',
  args: [{ flags: '[folder]', about: 'project folder (default: the current one)' }],
  about: 'Start Claude Code in a terminal on the server; prints its id and how to attach',
  options: [
    { flags: '--name <name>', about: 'its title' },
    ...openOptions,
    { flags: '--arg <argument...>', about: 'another argument for claude (repeatable)' },
  ],
  examples: [
    'switchboard spawn ~/src/api',
    'switchboard attach "$(switchboard spawn -q)"',
    'switchboard spawn --arg=--allowedTools --arg="Bash(git:*)"',
  ],
  async run({ client, out }, [folder = '.'], values) {
    const name = stringOption(values, 'name');
    const args = values['arg'];
    const body = {
      project: resolveFolder(folder),
      ...(name ? { name } : {}),
      ...(Array.isArray(args) ? { args } : {}),
      ...launchOptions(values),
    };
    const session = await client.call('startTerminal', { params: { host }, body });
    out.data(session, () => (out.isQuiet ? session.id : describeTerminal(session)));
    return exitCodes.ok;
  },
};

const resume: Command = {
  name: 'resume',
  group: 'terminal',
  args: [sessionArg],
  about: 'Open a closed session in a terminal on the server',
  options: openOptions,
  examples: ['switchboard resume 4c787bb5'],
  async run({ client, out }, [name = ''], values) {
    const session = await client.call('resumeTerminal', {
      params: { host, id: await resolveSession(client, name) },
      body: launchOptions(values),
    });
    out.data(session, () => (out.isQuiet ? session.id : describeTerminal(session)));
    return exitCodes.ok;
  },
};

const attach: Command = {
  name: 'attach',
  group: 'terminal',
  args: [sessionArg],
  about: "Attach to a session's terminal (opening it if needed). Ctrl-b d leaves it running",
  options: [
    ...openOptions,
    { flags: '--interrupt', about: 'stop a running turn instead of refusing' },
    {
      flags: '--messages <what>',
      about: 'what happens to other messages meanwhile',
      choices: ['wait', 'terminal'],
    },
  ],
  examples: ['switchboard attach tests', 'switchboard attach tests --messages terminal'],
  async run({ client, out }, [name = ''], values) {
    const id = await resolveSession(client, name);
    let session: Session = await client.call('readHostSession', { params: { host, id } });
    if (session.state === 'ended' || (!session.terminal && session.conv_id !== null)) {
      const messages = stringOption(values, 'messages') as 'wait' | undefined;
      const body = {
        ...launchOptions(values),
        ...(messages ? { messages } : {}),
        ...(values['interrupt'] ? { interrupt: true } : {}),
      };
      session =
        session.conv_id === null
          ? await client.call('resumeTerminal', {
              params: { host, id: session.id },
              body: launchOptions(values),
            })
          : await client.call('attachConversation', { params: { id: session.conv_id }, body });
    } else if (session.conv_id !== null && values['messages']) {
      const terminal_messages = stringOption(values, 'messages') as 'wait';
      await client.call('changeConversation', {
        params: { id: session.conv_id },
        body: { terminal_messages },
      });
    }
    if (!session.terminal)
      throw new CliError(
        `Session ${session.id} is open in process ${session.pid}, in no terminal that was started here.`,
      );
    if (!out.isTerminal || !process.stdout.isTTY) {
      out.data(session, () => String(session.terminal?.command));
      return exitCodes.ok;
    }
    const child = spawn('tmux', ['-L', 'switchboard', 'attach', '-t', `=${session.terminal.name}`], {
      stdio: 'inherit',
    });
    return new Promise((done, reject) => {
      child.on('error', () =>
        reject(new CliError('tmux is not on this machine. Attach where the server runs.')),
      );
      child.on('exit', (code) => done(code ?? exitCodes.failed));
    });
  },
};

const type: Command = {
  name: 'type',
  group: 'terminal',
  args: [sessionArg, { flags: '<message>', about: 'message to type and send; `-` reads standard input' }],
  about: 'Type a message into the terminal of a session',
  options: [],
  examples: ['switchboard type 4c787bb5 "go on"'],
  async run({ client, out, input }, [name = '', given = '']) {
    const message = given === '-' ? await input.read() : given;
    const sent = await client.call('sendToTerminal', {
      params: { host, id: await resolveSession(client, name) },
      body: { message },
    });
    out.data(sent, () => sent.state);
    return exitCodes.ok;
  },
};

const screen: Command = {
  name: 'screen',
  group: 'terminal',
  args: [sessionArg],
  about: "Print the screen of a session's terminal",
  options: [],
  examples: ['switchboard screen 4c787bb5'],
  async run({ client, out }, [name = '']) {
    const shown = await client.call('readTerminal', {
      params: { host, id: await resolveSession(client, name) },
    });
    out.data(shown, () => shown.text.trimEnd());
    return exitCodes.ok;
  },
};

const kill: Command = {
  name: 'kill',
  group: 'terminal',
  args: [{ flags: '[session]', about: sessionArg.about }],
  about: 'End one or more terminals; transcripts are kept',
  options: [
    { flags: '--older-than <time>', about: 'all that were idle for this long: 30m, 72h, 7d' },
    { flags: '--all', about: 'all idle ones' },
    { flags: '--busy', about: 'with --older-than or --all: also busy or waiting ones' },
  ],
  examples: ['switchboard kill 4c787bb5', 'switchboard kill --older-than 72h'],
  async run({ client, out }, [name], values) {
    const older = stringOption(values, 'olderThan');
    if ([name, older, values['all']].filter(Boolean).length !== 1)
      throw new UsageError('Give a session, --older-than or --all, and only one of them.');
    if (name) {
      const { killed } = await client.call('killTerminal', {
        params: { host, id: await resolveSession(client, name) },
      });
      out.data({ killed }, () => killed);
      return exitCodes.ok;
    }
    const idle_s = older ? parseDuration('--older-than', older) : 0;
    const done = await client.call('killTerminals', {
      params: { host },
      query: { idle_s, busy: values['busy'] ? 'true' : undefined },
    });
    out.data(done, () => done.killed.join('\n'));
    for (const { id, detail } of done.failed) out.say(`${id}: ${detail}`);
    if (!done.killed.length && !done.failed.length) out.say('There is no such terminal.');
    return done.failed.length ? exitCodes.failed : exitCodes.ok;
  },
};

const detach: Command = {
  name: 'detach',
  group: 'terminal',
  args: [{ flags: '<name>', about: 'the conversation' }],
  about: 'Close the terminal of a conversation and continue here',
  options: [],
  examples: ['switchboard detach tests'],
  async run({ client, out }, [id = '']) {
    const back = await client.call('detachConversation', { params: { id } });
    out.data(back, () => back.id);
    return exitCodes.ok;
  },
};

const rename: Command = {
  name: 'rename',
  group: 'terminal',
  args: [sessionArg, { flags: '<title>', about: 'the new title' }],
  about: 'Set the title of a session, like /rename',
  options: [],
  examples: ['switchboard rename 4c787bb5 "the api tests"'],
  async run({ client, out }, [name = '', title = '']) {
    const session = await client.call('renameSession', {
      params: { host, id: await resolveSession(client, name) },
      body: { title },
    });
    out.data(session, () => session.id);
    return exitCodes.ok;
  },
};

export const terminalCommands = [spawnCommand, resume, attach, detach, type, screen, rename, kill];
