import type { Command } from '../command.ts';
import { CliError, exitCodes } from '../errors.ts';
import { findConversation } from '../find-conversation.ts';
import { formatTable } from '../output.ts';

const turnArg = { flags: '<name>', about: 'a turn, or a conversation (its newest turn)' };

/** The turn of this id, or the newest of the conversation of this name. */
async function resolveTurn(client: Parameters<Command['run']>[0]['client'], name: string): Promise<string> {
  const found = await findConversation(client, name);
  if (!found) return name;
  if (!found.last_turn) throw new CliError(`No turn of conversation ${JSON.stringify(name)} has ended yet.`);
  return found.last_turn.turn_id;
}

const changes: Command = {
  name: 'changes',
  group: 'steer',
  args: [turnArg],
  about: 'Show what a turn changed in its git project',
  options: [{ flags: '--diff', about: 'also print the diff' }],
  examples: ['switchboard changes tests --diff | less'],
  async run({ client, out }, [name = ''], values) {
    const found = await client.call('readChanges', { params: { id: await resolveTurn(client, name) } });
    const rows = found.files.map(({ status, added, removed, now, path }) => [
      status,
      added === null ? '' : `+${added} -${removed}`,
      now,
      path,
    ]);
    const list = () =>
      out.isQuiet
        ? found.files.map(({ path }) => path).join('\n')
        : formatTable(['STATUS', 'LINES', 'NOW', 'FILE'], rows);
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
    const id = await resolveTurn(client, name);
    const undone = await client.call('undoTurn', {
      params: { id },
      body: { redo: values['redo'] === true, ...(files.length ? { files } : {}) },
    });
    out.data(undone, () => undone.files.join('\n'));
    return exitCodes.ok;
  },
};

export const undoCommands = [changes, undo];
