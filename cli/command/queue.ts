import type { Command } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { findConversation } from '../find-conversation.ts';
import { stringOption } from '../option.ts';
import { formatAge, formatTable } from '../output.ts';
import { resolveSession } from '../resolve-session.ts';

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
    const found = await findConversation(client, name);
    if (!found || (!found.turn && found.in_terminal)) {
      const id = found?.session_id ?? (await resolveSession(client, name));
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
  args: [{ flags: '<name>', about: 'the conversation' }],
  about: 'List queued messages, or change their order',
  options: [
    { flags: '--first <turn>', about: 'move this one to the front' },
    { flags: '--remove <turn>', about: 'remove this one' },
  ],
  examples: ['switchboard queue tests', 'switchboard queue tests --remove V1StGXR8…'],
  async run({ client, out }, [name = ''], values) {
    const [first, remove] = [stringOption(values, 'first'), stringOption(values, 'remove')];
    if (first) await client.call('promoteTurn', { params: { id: first } });
    if (remove) await client.call('deleteTurn', { params: { id: remove } });
    const { queue: waiting } = await client.call('readConversation', { params: { id: name } });
    const rows = waiting.map((turn) => [turn.turn_id, formatAge(turn.created_at), turn.message]);
    out.data(waiting, () =>
      out.isQuiet
        ? waiting.map(({ turn_id }) => turn_id).join('\n')
        : formatTable(['TURN', 'SINCE', 'MESSAGE'], rows),
    );
    return exitCodes.ok;
  },
};

export const queueCommands = [stop, queue];
