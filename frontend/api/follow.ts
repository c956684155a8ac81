import type { EventType, StoredEvent } from '../../contract/event.ts';
import { addressOf } from './client.ts';

const types = {
  'turn.queued': true,
  'turn.changed': true,
  'queue.reordered': true,
  'turn.started': true,
  'turn.retrying': true,
  'text.delta': true,
  'thinking.delta': true,
  message: true,
  'tool.started': true,
  'tool.finished': true,
  'prompt.opened': true,
  'prompt.closed': true,
  'background.changed': true,
  'background.ended': true,
  usage: true,
  'turn.completed': true,
  'turn.failed': true,
  'turn.cancelled': true,
  'turn.interrupted': true,
  'conversation.changed': true,
} satisfies Record<EventType, true>;

const retryMs = { first: 500, last: 10_000 };

/**
 * Follows the events of a conversation from a cursor on, each once, over lost connections. The browser
 * reconnects by itself, but not after an error of the tunnel or the server: then this does.
 */
export function follow(
  convId: string,
  after: number,
  on: {
    event(event: StoredEvent): void;
    connected(isConnected: boolean): void;
    /** Events from after the cursor are no longer kept: read all anew. */
    reset(): void;
  },
): { dispose(): void } {
  let cursor = after;
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let delay = retryMs.first;

  function open(): void {
    source = new EventSource(addressOf('followConversation', { params: { id: convId }, query: { after: cursor } }));
    source.onopen = () => {
      delay = retryMs.first;
      on.connected(true);
    };
    source.onerror = () => {
      on.connected(false);
      if (source?.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, delay);
      delay = Math.min(delay * 2, retryMs.last);
    };
    source.addEventListener('reset', () => on.reset());
    for (const type of Object.keys(types)) {
      source.addEventListener(type, ({ data }: MessageEvent<string>) => {
        const event: StoredEvent = JSON.parse(data);
        if (event.id <= cursor) return;
        cursor = event.id;
        on.event(event);
      });
    }
  }

  open();
  return {
    dispose() {
      clearTimeout(timer);
      source?.close();
    },
  };
}
