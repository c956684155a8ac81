import type { Response } from 'express';
import type { StoredEvent } from '../../contract/event.ts';
import { isEnd } from '../../contract/reducer.ts';
import { AppError } from '../app-error.ts';
import { shuttingDownError } from '../conversation/conversations.ts';
import type { Journal } from '../store/port.ts';
import { toJson } from '../util/json-text.ts';
import { openEventStream, readEvents, shutdownFrame, writeAll } from './event-stream.ts';

type Reading = {
  journal: Journal;
  turnId: string;
  response: Response;
  signal: AbortSignal;
  closing: AbortSignal;
  eventsSent(count: number): void;
};

/** Streams the events of a turn from its first to its last, which carries the answer. */
export async function streamTurnEvents({
  journal,
  turnId,
  response,
  signal,
  closing,
  eventsSent,
}: Reading): Promise<void> {
  const stream = openEventStream(response);
  let hasEnded = false;
  await readEvents(journal, { filter: { turn_id: turnId }, cursor: 0, signal, closing }, async (event) => {
    eventsSent(1);
    await stream.send(`id: ${event.id}\nevent: ${event.type}\ndata: ${toJson(event)}\n\n`);
    hasEnded = isEnd(event);
    return !hasEnded;
  });
  if (!hasEnded && closing.aborted) await stream.send(shutdownFrame(turnId));
  stream.close();
}

/**
 * Streams the bare text of a turn's answer. The status is sent with the first word, so a turn that
 * fails before it answers with its error; one that fails in the middle breaks the connection off, since
 * an end like any other would pass for a whole answer.
 */
export async function streamTurnText({ journal, turnId, response, signal, closing }: Reading): Promise<void> {
  let isShown = false;
  let open = '';
  let hasEnded = false;
  const write = async (text: string) => {
    if (!text) return;
    if (!response.headersSent) {
      response.status(200).set({
        'Content-Type': 'text/plain; charset=utf-8',
        'Cache-Control': 'no-cache, no-transform',
        'X-Accel-Buffering': 'no',
      });
    }
    isShown = true;
    await writeAll(response, text);
  };
  /** Starts a paragraph where text of an earlier message stands already. */
  const begin = () => (open || !isShown ? '' : '\n\n');

  await readEvents(journal, { filter: { turn_id: turnId }, cursor: 0, signal, closing }, async (event) => {
    hasEnded = isEnd(event);
    if (event.type === 'text.delta') {
      const text = begin() + event.text;
      open += event.text;
      await write(text);
    } else if (event.type === 'message' && !event.parent_tool_id && event.text) {
      // A retry may have started the message again. Sent text cannot be withdrawn, so the whole message
      // follows it.
      const rest = event.text.startsWith(open)
        ? (event.text.length > open.length ? begin() : '') + event.text.slice(open.length)
        : `\n\n${event.text}`;
      open = '';
      await write(rest);
    } else if (event.type === 'turn.completed') {
      if (!isShown) await write(event.response);
    } else if (isEnd(event)) {
      fail(event, response);
    }
    return !isEnd(event);
  });
  if (!hasEnded && closing.aborted) {
    if (!response.headersSent) throw shuttingDownError(turnId);
    response.destroy();
  }
  if (!response.destroyed) {
    if (!response.headersSent) response.status(200).set('Content-Type', 'text/plain; charset=utf-8');
    response.end();
  }
}

function fail(event: StoredEvent, response: Response): void {
  if (response.headersSent) response.destroy();
  else if (event.type === 'turn.failed')
    throw new AppError(event.code as AppError['code'], event.detail, { turnId: event.turn_id });
  else if (event.type === 'turn.cancelled')
    throw new AppError('turn_cancelled', undefined, { turnId: event.turn_id });
  else if (event.type === 'turn.interrupted')
    throw new AppError('turn_interrupted', undefined, { turnId: event.turn_id });
}
