import { createSseDecoder } from '../../contract/client.ts';
import type { StoredEvent } from '../../contract/event.ts';

/** Reads the events of a stream that was answered to a request, one after the other. */
export async function* readEventStream(response: Response): AsyncGenerator<StoredEvent> {
  const decoder = createSseDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
    for (const { data } of decoder.push(chunk)) yield JSON.parse(data);
}

/** Reads until an event fits, and gives all that came. */
export async function readUntil(
  response: Response,
  fits: (event: StoredEvent) => boolean,
): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const event of readEventStream(response)) {
    events.push(event);
    if (fits(event)) break;
  }
  return events;
}

/** The text of an answer, piece by piece as it comes. */
export async function* readPieces(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>)
    yield decoder.decode(chunk, { stream: true });
}
