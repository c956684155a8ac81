import type { Prompt } from '../../contract/prompt.ts';
import { type Command, folderOf, permissionModes, textOf } from '../command.ts';
import { conversationOf } from '../conversation.ts';
import { CliError, exitCodes, UsageError } from '../fault.ts';
import { ago, table } from '../output.ts';
import { asked, promptLines, questionsOf } from '../prompt-lines.ts';
import { sessionOf } from '../session-of.ts';

const nameArg = { flags: '<name>', about: 'the conversation' };
const promptArg = { flags: '<id>', about: 'the prompt, or a conversation with one open prompt' };

const prompts: Command = {
  name: 'prompts',
  group: 'steer',
  args: [],
  about: 'List open prompts',
  options: [],
  examples: ['switchboard prompts', 'switchboard --json prompts | jq -r ".[].id"'],
  async run({ client, out }) {
    const { prompts: waiting } = await client.call('listPrompts', {});
    out.data(waiting, () =>
      out.isQuiet
        ? waiting.map(({ id }) => id).join('\n')
        : waiting.flatMap((prompt) => promptLines(prompt)).join('\n'),
    );
    if (!waiting.length) out.say('Nothing waits for you.');
    return exitCodes.ok;
  },
};

/** The prompt of this id, or the only one of a conversation of this name. Throws CliError. */
async function promptOf(client: Parameters<Command['run']>[0]['client'], name: string): Promise<Prompt> {
  const { prompts: waiting } = await client.call('listPrompts', {});
  const found = waiting.filter(({ id, conv_id }) => id === name || conv_id === name);
  if (found.length === 1) return found[0] as Prompt;
  if (found.length)
    throw new CliError(
      `${found.length} prompts wait in ${name}: ${found.map(({ id }) => id).join(', ')}. Name one by its id.`,
    );
  throw new CliError(`No prompt ${JSON.stringify(name)} waits. \`switchboard prompts\` lists those that do.`);
}

const allow: Command = {
  name: 'allow',
  group: 'steer',
  args: [promptArg],
  about: 'Allow a request, or answer a question',
  options: [
    {
      flags: '--remember <for>',
      about: 'do not ask again for exactly this',
      choices: ['conversation', 'always'],
    },
    { flags: '--answer <label...>', about: 'for a question: label or text, one per question' },
  ],
  examples: [
    'switchboard allow tests',
    'switchboard allow kT3x… --remember conversation',
    'switchboard allow tests --answer Green',
  ],
  async run({ client, out }, [name = ''], values) {
    const prompt = await promptOf(client, name);
    const given = Array.isArray(values['answer']) ? values['answer'] : [];
    const questions = questionsOf(prompt);
    if (prompt.kind === 'question' && given.length !== questions.length) {
      const count = questions.length === 1 ? 'a question' : `${questions.length} questions`;
      throw new UsageError(`It asks ${count}: give --answer for each. ${questions.map(asked).join(' ')}`);
    }
    const answers = Object.fromEntries(
      questions.map(({ question }, index) => [String(question), String(given[index])]),
    );
    const remember = textOf(values, 'remember') as 'always' | undefined;
    // By the name of a conversation it may be another one than was listed before.
    if (name !== prompt.id) out.say(promptLines(prompt).join('\n'));
    const body = {
      decision: 'allow' as const,
      ...(prompt.kind === 'question' ? { answers } : {}),
      ...(remember ? { remember } : {}),
    };
    const answer = await client.call('answerPrompt', { params: { id: prompt.id }, body });
    out.data(answer, () => answer.outcome);
    return exitCodes.ok;
  },
};

const deny: Command = {
  name: 'deny',
  group: 'steer',
  args: [promptArg, { flags: '[message]', about: 'message for the model' }],
  about: 'Deny a request',
  options: [{ flags: '--stop', about: 'also stop the turn' }],
  examples: ['switchboard deny tests "use the staging database"'],
  async run({ client, out }, [name = '', message], values) {
    const prompt = await promptOf(client, name);
    const body = {
      decision: 'deny' as const,
      ...(message ? { message } : {}),
      ...(values['stop'] ? { interrupt: true } : {}),
    };
    const answer = await client.call('answerPrompt', { params: { id: prompt.id }, body });
    out.data(answer, () => answer.outcome);
    return exitCodes.ok;
  },
};

const stop: Command = {
  name: 'stop',
  group: 'steer',
  args: [
    {
      flags: '<name>',
      about: 'the conversation, or the id (or a prefix) of a session that is open in a terminal',
    },
  ],
  about: 'Stop the running turn, or interrupt a terminal (like Escape)',
  options: [],
  examples: ['switchboard stop tests', 'switchboard stop 4c787bb5'],
  async run({ client, out }, [name = '']) {
    const found = await conversationOf(client, name);
    if (!found || (!found.turn && found.in_terminal)) {
      const id = found?.session_id ?? (await sessionOf(client, name));
      const interrupted = await client.call('interruptTerminal', { params: { host: 'local', id } });
      out.data(interrupted, () => interrupted.state);
      return exitCodes.ok;
    }
    const { turn } = found;
    if (!turn) {
      out.say(`Nothing runs in ${name}.`);
      return exitCodes.ok;
    }
    const stopped = await client.call('cancelTurn', { params: { id: turn.turn_id } });
    out.data(stopped, () => stopped.state);
    return exitCodes.ok;
  },
};

const queue: Command = {
  name: 'queue',
  group: 'steer',
  args: [nameArg],
  about: 'List queued messages, or change their order',
  options: [
    { flags: '--first <turn>', about: 'move this one to the front' },
    { flags: '--remove <turn>', about: 'remove this one' },
  ],
  examples: ['switchboard queue tests', 'switchboard queue tests --remove V1StGXR8…'],
  async run({ client, out }, [name = ''], values) {
    const [first, remove] = [textOf(values, 'first'), textOf(values, 'remove')];
    if (first) await client.call('promoteTurn', { params: { id: first } });
    if (remove) await client.call('deleteTurn', { params: { id: remove } });
    const { queue: waiting } = await client.call('readConversation', { params: { id: name } });
    const rows = waiting.map((turn) => [turn.turn_id, ago(turn.created_at), turn.message]);
    out.data(waiting, () =>
      out.isQuiet
        ? waiting.map(({ turn_id }) => turn_id).join('\n')
        : table(['TURN', 'SINCE', 'MESSAGE'], rows),
    );
    return exitCodes.ok;
  },
};

const make: Command = {
  name: 'new',
  group: 'steer',
  args: [{ flags: '[name]', about: 'its name (default: generated)' }],
  about: 'Create a conversation; prints its name',
  options: [
    { flags: '--project <folder>', about: 'project folder' },
    { flags: '--session <id>', about: 'continue this session' },
    { flags: '--copy', about: 'with --session: continue in a copy; the original stays unchanged' },
    { flags: '--model <model>', about: 'its model' },
    { flags: '--mode <mode>', about: 'its permission mode', choices: permissionModes },
    { flags: '--title <title>', about: 'its title' },
  ],
  examples: [
    'switchboard new api --project ~/src/api',
    'switchboard new --session 4c787bb5-7f82-4af7-b10c-f11aee4de118',
  ],
  async run({ client, out }, [name], values) {
    const text = (key: string) => textOf(values, key);
    const [asked, project] = [text('session'), text('project')];
    if (asked === '') throw new UsageError('--session: is empty.');
    const session = asked
      ? (await client.call('readHostSession', { params: { host: 'local', id: asked } })).id
      : undefined;
    const made = await client.call('createConversation', {
      body: {
        ...(name ? { id: name } : {}),
        ...(project ? { project: folderOf(project) } : {}),
        ...(session ? { session_id: session, fork: values['copy'] === true } : {}),
        ...(text('model') ? { model: text('model') } : {}),
        ...(text('mode') ? { permission_mode: text('mode') as 'plan' } : {}),
        ...(text('title') ? { title: text('title') } : {}),
      },
    });
    out.data(made, () => made.id);
    return exitCodes.ok;
  },
};

const fork: Command = {
  name: 'fork',
  group: 'steer',
  args: [nameArg, { flags: '[new]', about: 'name of the new conversation' }],
  about: 'Copy a conversation; prints the name of the copy',
  options: [{ flags: '--at <turn>', about: 'last turn to include' }],
  examples: ['switchboard fork tests tests-again'],
  async run({ client, out }, [name = '', to], values) {
    const at = textOf(values, 'at');
    const made = await client.call('forkConversation', {
      params: { id: name },
      body: { ...(to ? { id: to } : {}), ...(at ? { at_turn: at } : {}) },
    });
    out.data(made, () => made.id);
    return exitCodes.ok;
  },
};

const archive: Command = {
  name: 'archive',
  group: 'steer',
  args: [nameArg],
  about: 'Archive a conversation',
  options: [{ flags: '--undo', about: 'unarchive it' }],
  examples: ['switchboard archive tests'],
  async run({ client, out }, [name = ''], values) {
    const changed = await client.call('changeConversation', {
      params: { id: name },
      body: { archived: values['undo'] !== true },
    });
    out.data(changed, () => '');
    return exitCodes.ok;
  },
};

/** The turn of this id, or the newest of the conversation of this name. */
async function turnOf(client: Parameters<Command['run']>[0]['client'], name: string): Promise<string> {
  const found = await conversationOf(client, name);
  if (!found) return name;
  if (!found.last_turn) throw new CliError(`No turn of conversation ${JSON.stringify(name)} has ended yet.`);
  return found.last_turn.turn_id;
}

const turnArg = { flags: '<name>', about: 'a turn, or a conversation (its newest turn)' };

const changes: Command = {
  name: 'changes',
  group: 'steer',
  args: [turnArg],
  about: 'Show what a turn changed in its git project',
  options: [{ flags: '--diff', about: 'also print the diff' }],
  examples: ['switchboard changes tests --diff | less'],
  async run({ client, out }, [name = ''], values) {
    const found = await client.call('readChanges', { params: { id: await turnOf(client, name) } });
    const rows = found.files.map(({ status, added, removed, now, path }) => [
      status,
      added === null ? '' : `+${added} -${removed}`,
      now,
      path,
    ]);
    const list = () =>
      out.isQuiet
        ? found.files.map(({ path }) => path).join('\n')
        : table(['STATUS', 'LINES', 'NOW', 'FILE'], rows);
    out.data(found, () => list() + (values['diff'] ? `\n\n${found.diff}` : ''));
    return exitCodes.ok;
  },
};

const undo: Command = {
  name: 'undo',
  group: 'steer',
  args: [turnArg, { flags: '[files...]', about: 'only these files, relative to the top of the work tree' }],
  about: 'Restore the files of a git project to before a turn',
  options: [{ flags: '--redo', about: 'redo what was undone' }],
  examples: ['switchboard undo tests', 'switchboard undo tests src/a.ts', 'switchboard undo tests --redo'],
  async run({ client, out }, [name = '', ...files], values) {
    const id = await turnOf(client, name);
    const undone = await client.call('undoTurn', {
      params: { id },
      body: { redo: values['redo'] === true, ...(files.length ? { files } : {}) },
    });
    out.data(undone, () => undone.files.join('\n'));
    return exitCodes.ok;
  },
};

export const steerCommands = [prompts, allow, deny, stop, queue, make, fork, archive, changes, undo];
