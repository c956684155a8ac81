import type { Request } from 'express';
import type { ResetEvent } from '../../../contract/event.ts';
import { AppError } from '../../app-error.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Prompts } from '../../prompt/prompts.ts';
import type { EventFilter, Journal } from '../../store/port.ts';
import { ifStored } from '../../util/if-stored.ts';
import { toJson } from '../../util/json-text.ts';
import { openEventStream, readFrames, shutdownFrame } from '../event-stream.ts';
import type { Context, Handle } from '../handle.ts';
import { readNext } from '../long-poll.ts';

type FollowContext = Pick<Context<'followAll'>, 'query' | 'request' | 'response' | 'signal'>;

export function addEventRoutes(
  handle: Handle,
  deps: {
    conversations: Conversations;
    journal: Journal;
    prompts: Prompts;
    metrics: Metrics;
    closing: AbortSignal;
  },
): void {
  const { journal, conversations, prompts, metrics, closing } = deps;

  /** How things stand, for a reader whose cursor is from before what is kept. */
  function reset(convId: string | undefined): ResetEvent {
    const conversation = convId === undefined ? null : conversations.getSnapshot(convId);
    const rows = convId === undefined ? conversations.list({}) : [];
    const open = prompts.list().filter((prompt) => convId === undefined || prompt.conv_id === convId);
    return {
      type: 'reset',
      id: journal.cursor(),
      at: new Date().toISOString(),
      conversation,
      conversations: rows,
      prompts: open,
    };
  }

  const countSent = <T extends { events: readonly unknown[] }>(page: T): T => {
    metrics.eventsSent(page.events.length);
    return page;
  };

  async function follow(filter: EventFilter, { query, request, response, signal }: FollowContext) {
    ifStored(() => journal.flush(), undefined);
    let cursor = lastEventId(request) ?? query.after ?? journal.cursor();
    if (query.wait_s !== undefined) {
      if (journal.has(cursor))
        return countSent(await readNext(journal, { filter, cursor, signal, waitS: query.wait_s }));
      const jump = reset(filter.conv_id);
      return { events: [jump], cursor: jump.id };
    }
    const stream = openEventStream(response, cursor);
    for (let isWhole = journal.has(cursor); !signal.aborted; isWhole = false) {
      if (!isWhole) {
        const jump = reset(filter.conv_id);
        await stream.send(`id: ${jump.id}\nevent: reset\ndata: ${toJson(jump)}\n\n`);
        cursor = jump.id;
      }
      const gap = await readFrames(journal, { filter, cursor, signal, closing }, (frames, count) => {
        metrics.eventsSent(count);
        return stream.send(frames);
      });
      if (gap === null) break;
    }
    if (closing.aborted && !signal.aborted) await stream.send(shutdownFrame());
    stream.close();
    return undefined;
  }

  handle('followAll', (context) =>
    follow(context.query.detail === undefined ? {} : { detail: context.query.detail }, context),
  );
  handle('followConversation', (context) => {
    conversations.getRecord(context.params.id);
    return follow({ conv_id: context.params.id }, context);
  });
}

/**
 * What a reader that comes back says it has; it wins over `after`, which was in the address from the start.
 */
function lastEventId(request: Request): number | null {
  const header = request.get('last-event-id');
  if (header === undefined) return null;
  if (!/^\d{1,15}$/.test(header))
    throw new AppError('invalid_request', 'Last-Event-ID: must be the id of an event', {
      field: 'Last-Event-ID',
    });
  return Number(header);
}
