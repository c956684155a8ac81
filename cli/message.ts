import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { StoredEvent } from '../contract/event.ts';
import { isEnd } from '../contract/reducer.ts';
import { ApiError } from './client.ts';
import type { Context, Values } from './command.ts';
import { CliError, UsageError } from './errors.ts';
import { findConversation } from './find-conversation.ts';
import { resolveFolder, stringOption } from './option.ts';

/**
 * The message of a command: its argument, then the file of `--file`, then what is piped in, with a blank
 * line between them. `-` for either means standard input. Throws UsageError if nothing is given.
 */
export async function readMessage(
  { input, out }: Context,
  given: string | undefined,
  values: Values,
): Promise<string> {
  const file = stringOption(values, 'file');
  const isInputNamed = given === '-' || file === '-';
  const hasWords = given !== undefined && given !== '-';
  const hasFile = file !== undefined && file !== '-';
  if (!hasWords && !hasFile && !isInputNamed && out.isTerminal)
    throw new UsageError('Give a message, --file, or pipe one in.');
  const isInputNeeded = isInputNamed || (!hasWords && !hasFile);
  const parts = [
    hasWords ? given : '',
    hasFile ? await readMessageFile(file) : '',
    isInputNeeded ? await input.read() : await input.readPiped(),
  ].filter((part) => part.trim() !== '');
  if (!parts.length) throw new UsageError('The message is empty.');
  return parts.map((part, index) => (index < parts.length - 1 ? part.trimEnd() : part)).join('\n\n');
}

const readMessageFile = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(`${file} cannot be read (${error.code}).`);
  });

/** Applies the options of a message: creates the conversation with them, or changes the existing one. */
export async function applyOptions({ client }: Context, name: string, values: Values): Promise<void> {
  const [project, model, mode] = ['project', 'model', 'mode'].map((one) => stringOption(values, one));
  if (!project && !model && !mode) return;
  const options = {
    ...(project ? { project: resolveFolder(project) } : {}),
    ...(model ? { model } : {}),
    ...(mode ? { permission_mode: mode as 'plan' } : {}),
  };
  try {
    await client.call('createConversation', { body: { id: name, ...options } });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'conversation_exists') throw error;
    await client.call('changeConversation', { params: { id: name }, body: options });
  }
}

/** Sends a message exactly once, even if the connection is lost. Returns the cursor at which its events begin. */
export async function acceptMessage(
  { client, out }: Context,
  name: string,
  message: string,
  followTurn: boolean,
): Promise<{ turnId: string; cursor: number }> {
  const known = await findConversation(client, name);
  const { turn_id } = await client.callWithRetry(
    'acceptTurn',
    { params: { id: name }, body: { message, follow: followTurn } },
    { 'idempotency-key': randomUUID() },
  );
  if (known?.in_terminal && known.terminal_messages === 'wait')
    out.say(
      `${name} is open at a terminal: the message waits for \`switchboard detach ${name}\`, or for \`switchboard attach ${name} --messages terminal\`.`,
    );
  else if (known?.queue_paused) out.say(`The queue of ${name} is paused: the message waits.`);
  return { turnId: turn_id, cursor: known?.cursor ?? 0 };
}

/** What to say if the connection is lost while a turn runs: without its id a person would send the message again. */
export function describeLostTurn(error: Error, turnId: string, next: string): Error {
  if (error instanceof ApiError) return error;
  return new CliError(
    `${error.message} The message is accepted as turn ${turnId}: do not send it again. ${next}`,
  );
}

/** Follows a turn to its end. `on` gets what it says meanwhile. */
export async function follow(
  { client }: Context,
  name: string,
  { turnId, cursor }: { turnId: string; cursor: number },
  on: (event: StoredEvent) => void,
): Promise<
  Extract<StoredEvent, { type: 'turn.completed' | 'turn.failed' | 'turn.cancelled' | 'turn.interrupted' }>
> {
  try {
    for await (const event of client.readEvents(name, cursor)) {
      if (!('turn_id' in event) || event.turn_id !== turnId) continue;
      if (isEnd(event)) return event;
      on(event);
    }
  } catch (error) {
    throw describeLostTurn(
      error as Error,
      turnId,
      `Look for its answer with \`switchboard logs ${name}\` later.`,
    );
  }
  throw new CliError('The events ended before the turn did.');
}
