import { once } from 'node:events';
import type { ChatAnswer } from '../../contract/turn.ts';
import { ApiError } from '../client.ts';
import type { Command, OptionRow } from '../command.ts';
import { exitCodes } from '../errors.ts';
import { acceptMessage, applyOptions, describeLostTurn, follow, readMessage } from '../message.ts';
import { numberOption, permissionModes } from '../option.ts';
import { formatPrompt } from '../prompt-lines.ts';

const nameArg: OptionRow = { flags: '<name>', about: 'the conversation' };
const messageArg: OptionRow = {
  flags: '[message]',
  about: 'message text (`-` for standard input); piped input is appended to it',
};
const messageOptions: readonly OptionRow[] = [
  { flags: '-f, --file <file>', about: 'file to append to the message text (`-` for standard input)' },
  { flags: '--project <folder>', about: 'project folder of a new conversation' },
  { flags: '--model <model>', about: 'the model from now on' },
  { flags: '--mode <mode>', about: 'the permission mode from now on', choices: permissionModes },
];

/** The answer on standard output as it is written. */
const chat: Command = {
  name: 'chat',
  group: 'talk',
  args: [nameArg, messageArg],
  about: 'Send a message and stream the answer',
  options: messageOptions,
  examples: [
    'switchboard chat tests "run them"',
    'git diff | switchboard chat review -',
    'switchboard --json chat tests "how many?" | jq .cost',
  ],
  async run(context, [name = '', given], values) {
    const { out } = context;
    const message = await readMessage(context, given, values);
    await applyOptions(context, name, values);
    const accepted = await acceptMessage(context, name, message, !out.isJson);
    let hasWritten = false;
    let isOpen = false;
    const end = await follow(context, name, accepted, (event) => {
      if (event.type === 'text.delta' && !out.isJson) {
        if (!isOpen && hasWritten) out.write('\n\n');
        out.write(event.text);
        isOpen = true;
        hasWritten = true;
      } else if (event.type === 'message') isOpen = false;
      else if (event.type === 'prompt.opened') {
        out.say(
          `\nWaits for you:\n${formatPrompt(event.prompt).join('\n')}\nAnswer with: switchboard allow ${event.prompt.id}`,
        );
      } else if (event.type === 'turn.retrying') out.say(`\nTried again: ${event.reason}`);
    });
    if (hasWritten) out.write('\n');
    if (end.type !== 'turn.completed') {
      if (out.isJson) out.data(end, () => '');
      throw new ApiError(end);
    }
    sayWarnings(context, end);
    out.data(end, () => (hasWritten ? '' : end.response));
    return exitCodes.ok;
  },
};

const ask: Command = {
  name: 'ask',
  group: 'talk',
  args: [nameArg, messageArg],
  about: 'Send a message, wait, and print only the answer',
  options: [
    ...messageOptions,
    {
      flags: '-t, --timeout <seconds>',
      about: 'stop waiting after this long (exit code 124); the turn continues',
      default: 86_400,
    },
  ],
  examples: ['answer=$(switchboard ask tests "which failed?")', 'switchboard ask tests -t 60 "quick check"'],
  async run(context, [name = '', given], values) {
    const { out } = context;
    const timeout = numberOption(values, 'timeout');
    const message = await readMessage(context, given, values);
    await applyOptions(context, name, values);
    const { turnId } = await acceptMessage(context, name, message, false);
    const turn = await waitForTurn(context, turnId, timeout);
    if (!turn) {
      out.say(
        `No answer within ${timeout} s. The turn goes on: switchboard wait ${name}; stop it with: switchboard stop ${name}`,
      );
      return exitCodes.timeout;
    }
    if (turn.error) throw new ApiError(turn.error);
    sayWarnings(context, turn.result);
    out.data(turn.result, () => turn.result?.response ?? turn.text);
    return exitCodes.ok;
  },
};

const send: Command = {
  name: 'send',
  group: 'talk',
  args: [nameArg, messageArg],
  about: 'Send a message without waiting; prints the id of its turn',
  options: messageOptions,
  examples: ['switchboard send tests --file BRIEFING.md'],
  async run(context, [name = '', given], values) {
    const message = await readMessage(context, given, values);
    await applyOptions(context, name, values);
    const { turnId } = await acceptMessage(context, name, message, false);
    context.out.data({ turn_id: turnId, conv_id: name }, () => turnId);
    return exitCodes.ok;
  },
};

/** Prints the warnings of an answer to standard error. */
function sayWarnings(
  { out }: Parameters<Command['run']>[0],
  answer: Pick<ChatAnswer, 'warnings'> | null,
): void {
  for (const { detail } of answer?.warnings ?? []) out.say(`Warning: ${detail}`);
}

/** A turn once it has ended, or (with `orWaits`) waits for a person; null after the time. Reports that it waits. */
async function waitForTurn(
  { client, out, signal }: Parameters<Command['run']>[0],
  turnId: string,
  seconds: number,
  orWaits = false,
) {
  let isReported = false;
  const until = Date.now() + seconds * 1000;
  while (!signal.aborted) {
    const left = (until - Date.now()) / 1000;
    if (left <= 0) return null;
    const query = { wait_s: Math.min(left, 50), for: isReported ? ('end' as const) : ('news' as const) };
    const turn = await client
      .callWithRetry('readTurn', { params: { id: turnId }, query }, {})
      .catch((error) => {
        throw signal.aborted
          ? error
          : describeLostTurn(error, turnId, `Wait for its answer with \`switchboard wait ${turnId}\` later.`);
      });
    if (turn.ended_at !== null) return turn;
    if (turn.state !== 'waiting' || isReported) continue;
    isReported = true;
    out.say(`Turn ${turnId} waits for an answer. See: switchboard prompts`);
    if (orWaits) return turn;
  }
  await once(signal, 'abort');
  return null;
}

const wait: Command = {
  name: 'wait',
  group: 'talk',
  args: [{ flags: '<name>', about: 'the conversation, or the id of a turn' }],
  about: 'Wait until a conversation is idle or a turn has ended; fails if a turn fails or needs an answer',
  options: [
    { flags: '-t, --timeout <seconds>', about: 'stop waiting after this long (exit code 124)', default: 300 },
  ],
  examples: [
    'switchboard send tests "run them" && switchboard wait tests -t 900 && switchboard last-message tests',
  ],
  async run(context, [name = ''], values) {
    const { client, out } = context;
    const timeout = numberOption(values, 'timeout');
    const until = Date.now() + timeout * 1000;
    const isConversation = await client.call('readConversation', { params: { id: name } }).then(
      () => true,
      (error) => {
        if (error instanceof ApiError && error.status < 500) return false;
        throw error;
      },
    );
    for (let failed: ApiError | null = null; ; ) {
      let turnId: string | undefined = name;
      if (isConversation) {
        const { turn, queue, last_turn } = await client.call('readConversation', { params: { id: name } });
        turnId = turn?.turn_id ?? queue[0]?.turn_id;
        // It may have failed before this command started to wait.
        if (last_turn?.error) failed = new ApiError(last_turn.error);
      }
      if (turnId === undefined) {
        if (failed) throw failed;
        break;
      }
      const ended = await waitForTurn(context, turnId, (until - Date.now()) / 1000, true);
      if (!ended) {
        out.say(`Timed out after ${timeout} s waiting for ${name}.`);
        return exitCodes.timeout;
      }
      if (ended.state === 'waiting') {
        out.data({ name, done: false, turn_id: ended.turn_id }, () => 'waiting');
        return exitCodes.failed;
      }
      sayWarnings(context, ended.result);
      failed = ended.error ? new ApiError(ended.error) : null;
      if (isConversation) continue;
      if (failed) throw failed;
      break;
    }
    out.data({ name, done: true }, () => 'completed');
    return exitCodes.ok;
  },
};

export const talkCommands = [chat, ask, send, wait];
