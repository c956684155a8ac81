import type { Prompt } from '../../contract/prompt.ts';
import { type Command, folderOf, permissionModes, textOf } from '../command.ts';
import { conversationOf } from '../conversation.ts';
import { CliError, exitCodes, UsageError } from '../fault.ts';
import { ago, table } from '../output.ts';
import { asked, promptLines, questionsOf } from '../prompt-lines.ts';
import { sessionOf } from '../session-of.ts';

const nameArg = { flags: '<name>', about: 'the conversation' };
const promptArg = { flags: '<id>', about: 'the prompt, or the conversation where one waits in it' };

const prompts: Command = {
  name: 'prompts',
  group: 'steer',
  args: [],
  about: 'List what waits for you',
  options: [],
  examples: ['switchboard prompts', 'switchboard --json prompts | jq -r ".[].id"'],
  async run({ client, out }) {
    const { prompts: waiting } = await client.call('listPrompts', {});
    out.data(waiting, () => (out.isQuiet ? waiting.map(({ id }) => id).join('\n') : waiting.flatMap((prompt) => promptLines(prompt)).join('\n')));
    if (!waiting.length) out.say('Nothing waits for you.');
    return exitCodes.ok;
  },
};

/** The prompt of this id, or the only one of a conversation of this name. Throws CliError. */
async function promptOf(client: Parameters<Command['run']>[0]['client'], name: string): Promise<Prompt> {
  const { prompts: waiting } = await client.call('listPrompts', {});
  const found = waiting.filter(({ id, conv_id }) => id === name || conv_id === name);
  if (found.length === 1) return found[0] as Prompt;
  if (found.length) throw new CliError(`${found.length} prompts wait in ${name}: ${found.map(({ id }) => id).join(', ')}. Name one by its id.`);
  throw new CliError(`No prompt ${JSON.stringify(name)} waits. \`switchboard prompts\` lists those that do.`);
}

const allow: Command = {
  name: 'allow',
  group: 'steer',
  args: [promptArg],
  about: 'Allow what is asked, or answer a question',
  options: [
    { flags: '--remember <for>', about: 'ask no more for exactly this', choices: ['conversation', 'always'] },
    { flags: '--answer <label...>', about: 'for a question: the label or words, one for each question' },
  ],
  examples: ['switchboard allow tests', 'switchboard allow kT3x… --remember conversation', 'switchboard allow tests --answer Green'],
  async run({ client, out }, [name = ''], values) {
    const prompt = await promptOf(client, name);
    const given = Array.isArray(values['answer']) ? values['answer'] : [];
    const questions = questionsOf(prompt);
    if (prompt.kind === 'question' && given.length !== questions.length) {
      const count = questions.length === 1 ? 'a question' : `${questions.length} questions`;
      throw new UsageError(`It asks ${count}: give --answer for each. ${questions.map(asked).join(' ')}`);
    }
    const answers = Object.fromEntries(questions.map(({ question }, index) => [String(question), String(given[index])]));
    const remember = textOf(values, 'remember') as 'always' | undefined;
    // By the name of a conversation it may be another one than was listed before.
    if (name !== prompt.id) out.say(promptLines(prompt).join('\n'));
    const body = { decision: 'allow' as const, ...(prompt.kind === 'question' ? { answers } : {}), ...(remember ? { remember } : {}) };
    const answer = await client.call('answerPrompt', { params: { id: prompt.id }, body });
    out.data(answer, () => answer.outcome);
    return exitCodes.ok;
  },
};

const deny: Command = {
  name: 'deny',
  group: 'steer',
  args: [promptArg, { flags: '[message]', about: 'words for the model' }],
  about: 'Deny what is asked',
  options: [{ flags: '--stop', about: 'stop the turn as well' }],
  examples: ['switchboard deny tests "use the staging database"'],
  async run({ client, out }, [name = '', message], values) {
    const prompt = await promptOf(client, name);
    const body = { decision: 'deny' as const, ...(message ? { message } : {}), ...(values['stop'] ? { interrupt: true } : {}) };
    const answer = await client.call('answerPrompt', { params: { id: prompt.id }, body });
    out.data(answer, () => answer.outcome);
    return exitCodes.ok;
  },
};

const stop: Command = {
  name: 'stop',
  group: 'steer',
  args: [{ flags: '<name>', about: 'the conversation, or the beginning of the id of a session that is open in a terminal' }],
  about: 'Stop the running turn, or what a terminal is at (as Escape does)',
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
  about: 'List the messages that wait, or change their order',
  options: [
    { flags: '--first <turn>', about: 'put this one first' },
    { flags: '--remove <turn>', about: 'take this one back' },
  ],
  examples: ['switchboard queue tests', 'switchboard queue tests --remove V1StGXR8…'],
  async run({ client, out }, [name = ''], values) {
    const [first, remove] = [textOf(values, 'first'), textOf(values, 'remove')];
    if (first) await client.call('promoteTurn', { params: { id: first } });
    if (remove) await client.call('deleteTurn', { params: { id: remove } });
    const { queue: waiting } = await client.call('readConversation', { params: { id: name } });
    const rows = waiting.map((turn) => [turn.turn_id, ago(turn.created_at), turn.message]);
    out.data(waiting, () => (out.isQuiet ? waiting.map(({ turn_id }) => turn_id).join('\n') : table(['TURN', 'SINCE', 'MESSAGE'], rows)));
    return exitCodes.ok;
  },
};

const make: Command = {
  name: 'new',
  group: 'steer',
  args: [{ flags: '[name]', about: 'its name; one is made up where it is left out' }],
  about: 'Make a conversation; prints its name',
  options: [
    { flags: '--project <folder>', about: 'where it works' },
    { flags: '--session <id>', about: 'go on with this session' },
    { flags: '--copy', about: 'with --session: with a copy of it, which stays as it is' },
    { flags: '--model <model>', about: 'its model' },
    { flags: '--mode <mode>', about: 'its permission mode', choices: permissionModes },
    { flags: '--title <title>', about: 'what it is called' },
  ],
  examples: ['switchboard new api --project ~/src/api', 'switchboard new --session 4c787bb5-7f82-4af7-b10c-f11aee4de118'],
  async run({ client, out }, [name], values) {
    const text = (key: string) => textOf(values, key);
    const [asked, project] = [text('session'), text('project')];
    if (asked === '') throw new UsageError('--session: is empty.');
    const session = asked ? (await client.call('readHostSession', { params: { host: 'local', id: asked } })).id : undefined;
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
  args: [nameArg, { flags: '[new]', about: 'the name of the new one' }],
  about: 'Make a conversation from another one; prints its name',
  options: [{ flags: '--at <turn>', about: 'the last turn that the new one has' }],
  examples: ['switchboard fork tests tests-again'],
  async run({ client, out }, [name = '', to], values) {
    const at = textOf(values, 'at');
    const made = await client.call('forkConversation', { params: { id: name }, body: { ...(to ? { id: to } : {}), ...(at ? { at_turn: at } : {}) } });
    out.data(made, () => made.id);
    return exitCodes.ok;
  },
};

const archive: Command = {
  name: 'archive',
  group: 'steer',
  args: [nameArg],
  about: 'Put a conversation aside',
  options: [{ flags: '--undo', about: 'bring it back' }],
  examples: ['switchboard archive tests'],
  async run({ client, out }, [name = ''], values) {
    const changed = await client.call('changeConversation', { params: { id: name }, body: { archived: values['undo'] !== true } });
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

const turnArg = { flags: '<name>', about: 'a turn, or a conversation: its newest turn' };

const changes: Command = {
  name: 'changes',
  group: 'steer',
  args: [turnArg],
  about: 'Show what a turn changed in its git project',
  options: [{ flags: '--diff', about: 'the diff as well' }],
  examples: ['switchboard changes tests --diff | less'],
  async run({ client, out }, [name = ''], values) {
    const found = await client.call('readChanges', { params: { id: await turnOf(client, name) } });
    const rows = found.files.map(({ status, added, removed, now, path }) => [status, added === null ? '' : `+${added} -${removed}`, now, path]);
    const list = () => (out.isQuiet ? found.files.map(({ path }) => path).join('\n') : table(['STATUS', 'LINES', 'NOW', 'FILE'], rows));
    out.data(found, () => list() + (values['diff'] ? `\n\n${found.diff}` : ''));
    return exitCodes.ok;
  },
};

const undo: Command = {
  name: 'undo',
  group: 'steer',
  args: [turnArg, { flags: '[files...]', about: 'only these, from the top of the work tree' }],
  about: 'Put the files of a git project back to before a turn',
  options: [{ flags: '--redo', about: 'take the undo back' }],
  examples: ['switchboard undo tests', 'switchboard undo tests src/a.ts', 'switchboard undo tests --redo'],
  async run({ client, out }, [name = '', ...files], values) {
    const id = await turnOf(client, name);
    const undone = await client.call('undoTurn', { params: { id }, body: { redo: values['redo'] === true, ...(files.length ? { files } : {}) } });
    out.data(undone, () => undone.files.join('\n'));
    return exitCodes.ok;
  },
};

export const steerCommands = [prompts, allow, deny, stop, queue, make, fork, archive, changes, undo];
