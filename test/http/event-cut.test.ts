import { get } from 'node:http';
import { expect } from 'vitest';
import type { ConversationSnapshot } from '../../contract/conversation.ts';
import type { StoredEvent } from '../../contract/event.ts';
import { reduceConversation } from '../../contract/reducer.ts';
import { basic } from '../helper/client.ts';
import { readUntil } from '../helper/event-reader.ts';
import { startTestServer, type TestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { verifies } from '../requirement/verifies.ts';

const isEnd = (event: StoredEvent) => event.type === 'turn.completed';

/** Reads this many bytes of a stream and hangs up, like a phone that sleeps; returns the complete events. */
function readBytes(url: string, bytes: number): Promise<StoredEvent[]> {
  return new Promise((resolve) => {
    let text = '';
    const request = get(url, { headers: { authorization: basic } }, (response) => {
      response.setEncoding('utf8');
      const done = () => {
        request.destroy();
        const frames = text.slice(0, bytes).split('\n\n').slice(0, -1);
        resolve(
          frames.flatMap((frame) => /^data: (.*)$/m.exec(frame)?.[1] ?? []).map((data) => JSON.parse(data)),
        );
      };
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length >= bytes || text.includes('event: turn.completed')) done();
      });
      response.on('error', done);
    });
    request.on('error', () => resolve([]));
  });
}

verifies(
  'events.cut',
  'gives 1,000 readers that are cut off at random bytes every event once, and the text that the API sent',
  async () => {
    const server = await startTestServer();
    await server.post('/api/conversations', { id: 'a' });
    await server.post('/api/conversations/a/warm', {});
    const words = 400;
    const { turn_id } = await server.accept('a', {
      message: `[[think Hmm]][[slow ${words} 8ms]][[text The end.]]`,
      follow: true,
    });
    let seed = 7;
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31;
      return seed / 2 ** 31;
    };
    let cuts = 0;
    /** A reader that is cut off again and again, and comes back with its cursor. */
    const read = async (): Promise<StoredEvent[]> => {
      const events: StoredEvent[] = [];
      while (!events.some(isEnd)) {
        const after = events.at(-1)?.id ?? 0;
        cuts += 1;
        const isLast = cuts > 1000;
        events.push(
          ...(await readBytes(
            `${server.url}/api/conversations/a/events?after=${after}`,
            isLast ? Number.MAX_SAFE_INTEGER : 1 + Math.floor(random() * 4000),
          )),
        );
      }
      return events.slice(0, events.findIndex(isEnd) + 1);
    };
    const all = await Promise.all(Array.from({ length: 40 }, read));
    expect(cuts).toBeGreaterThan(1000);
    const whole = await readUntil(await server.send('/api/conversations/a/events?after=0'), isEnd);
    for (const events of all) expect(events.map(({ id }) => id)).toEqual(whole.map(({ id }) => id));
    const text = whole.flatMap((event) => (event.type === 'text.delta' ? [event.text] : [])).join('');
    expect(text).toBe(`${Array.from({ length: words }, (_, n) => `word${n + 1}`).join(' ')}The end.`);
    expect((await server.turn(turn_id)).result?.response).toContain('The end.');
  },
  90_000,
);

/** What two snapshots of one moment must agree in: all but what only the server can look up. */
const comparable = ({ cursor: _, background, ...rest }: ConversationSnapshot) => ({
  ...rest,
  background: background.map(({ tail: __, ...task }) => task),
});

async function snapshotOf(server: TestServer): Promise<ConversationSnapshot> {
  return server.get('/api/conversations/a');
}

verifies(
  'events.snapshot',
  'makes each later snapshot from an earlier one and the events between',
  async () => {
    const server = await startTestServer({ env: { ALLOWED_TOOLS: 'Bash(node *)' } });
    await server.post('/api/conversations', { id: 'a', permission_mode: 'default' });
    const snapshots = [await snapshotOf(server)];
    let isOver = false;
    const watching = (async () => {
      while (!isOver) snapshots.push(await snapshotOf(server));
    })();
    const first = await server.accept('a', {
      message:
        '[[think Hmm]][[slow 10 10ms]][[tool:Bash node -e "setTimeout(Number,300)"]][[tool:Bash touch x]][[text done]]',
    });
    const second = await server.accept('a', { message: 'second' });
    await server.accept('a', { message: 'third' });
    await server.patch(`/api/turns/${second.turn_id}`, { message: 'changed' });
    await until('the tool', async () => (await snapshotOf(server)).turn?.tools.length === 1);
    await server.accept('a', { message: 'and this', steer: true });
    const [prompt] = await server.prompts();
    await server.answer(prompt?.id as string, { decision: 'allow' });
    await server.end(first.turn_id);
    await server.end(second.turn_id);
    const failed = await server.accept('a', { message: '[[error 404]]' });
    await server.end(failed.turn_id);
    await until('rest', async () => (await snapshotOf(server)).state === 'idle');
    isOver = true;
    await watching;
    snapshots.push(await snapshotOf(server));
    const { events } = (await server.get('/api/conversations/a/events?after=0&wait_s=0')) as {
      events: StoredEvent[];
    };
    const distinct = snapshots.filter((snapshot, index) => snapshot.cursor !== snapshots[index - 1]?.cursor);
    // A slow machine merges fewer of them, because each wait above is a separate moment.
    expect(distinct.length).toBeGreaterThan(5);
    for (const [index, from] of distinct.slice(0, -1).entries()) {
      for (const to of [distinct[index + 1], distinct.at(-1)] as ConversationSnapshot[]) {
        const between = events.filter(({ id }) => id > from.cursor && id <= to.cursor);
        expect(comparable(between.reduce(reduceConversation, from))).toEqual(comparable(to));
      }
    }
  },
);

verifies('events.reset', 'answers a cursor that is too old or unknown with the current state', async () => {
  const server = await startTestServer({ env: { EVENTS_KEEP_DAYS: '0.01' } });
  await server.chat({ message: 'one', conv_id: 'a' });
  await server.chat({ message: 'two', conv_id: 'b' });
  const { cursor } = await server.get('/api/conversations/a');
  const beyond = await readUntil(
    await server.send(`/api/conversations/a/events?after=${cursor + 1000}`),
    () => true,
  );
  expect(beyond[0]).toMatchObject({
    type: 'reset',
    id: cursor,
    conversation: { id: 'a', cursor },
    prompts: [],
  });
  const poll = await server.get(`/api/events?after=${cursor + 1000}&wait_s=1`);
  expect(poll).toMatchObject({
    cursor,
    events: [{ type: 'reset', conversation: null, conversations: [{ id: 'b' }, { id: 'a' }] }],
  });
});

verifies('events.poll', 'returns the same events by long poll, and waits for the first', async () => {
  const server = await startTestServer();
  await server.post('/api/conversations', { id: 'a' });
  let { cursor } = await server.get('/api/conversations/a');
  expect(await server.get(`/api/conversations/a/events?after=${cursor}&wait_s=0.2`)).toEqual({
    events: [],
    cursor,
  });
  const start = cursor;
  const { turn_id } = await server.accept('a', { message: '[[slow 10 30ms]]', follow: true });
  const polled: StoredEvent[] = [];
  while (!polled.some(isEnd)) {
    const page = await server.get(`/api/conversations/a/events?after=${cursor}&wait_s=10`);
    polled.push(...page.events);
    cursor = page.cursor;
  }
  const streamed = await readUntil(await server.send(`/api/conversations/a/events?after=${start}`), isEnd);
  expect(polled.slice(0, polled.findIndex(isEnd) + 1)).toEqual(streamed);
  expect((await server.turn(turn_id)).state).toBe('completed');
});
