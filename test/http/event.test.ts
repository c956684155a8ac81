import { expect } from 'vitest';
import type { StoredEvent } from '../../contract/event.ts';
import { readEventStream, readUntil } from '../helper/event-reader.ts';
import { startTestServer } from '../helper/server.ts';
import { verifies } from '../requirement/verifies.ts';

const isEnd = (event: StoredEvent) => event.type === 'turn.completed';
const textOf = (events: StoredEvent[]) =>
  events.flatMap((event) => (event.type === 'text.delta' ? [event.text] : [])).join('');

verifies(
  'events.replay',
  'replays from any cursor what a live reader saw, each event once, also after a restart',
  async () => {
    const server = await startTestServer();
    await server.post('/api/conversations', { id: 'a' });
    const live = readUntil(await server.send('/api/conversations/a/events'), isEnd);
    await server.accept('a', { message: '[[slow 12 15ms]]' });
    const seen = await live;
    expect(textOf(seen)).toBe('word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12');
    for (const [index, event] of seen.entries()) {
      const rest = await readUntil(
        await server.send(`/api/conversations/a/events?after=${event.id}`),
        (next) => isEnd(next) || index === seen.length - 1,
      ).catch(() => []);
      if (index < seen.length - 1) expect(rest).toEqual(seen.slice(index + 1));
      if (index === seen.length - 2) break;
    }
    const again = await server.restart();
    const replayed = await readUntil(await again.send('/api/conversations/a/events?after=0'), isEnd);
    expect(replayed.map((event) => event.id)).toEqual(expect.arrayContaining(seen.map((event) => event.id)));
    expect(textOf(replayed)).toBe(textOf(seen));
    const header = await again.send('/api/events?after=0', {
      headers: { 'last-event-id': String(seen.at(-2)?.id) },
    });
    expect(await readUntil(header, isEnd)).toEqual([seen.at(-1)]);
    const next = await again.chat({ message: 'later', conv_id: 'a' });
    const later = await readUntil(
      await again.send(`/api/conversations/a/events?after=${seen.at(-1)?.id}`),
      isEnd,
    );
    expect(later.at(-1)).toMatchObject({ turn_id: next.turn_id });
    expect(Math.min(...later.map((event) => event.id))).toBeGreaterThan(
      seen.at(-1)?.id ?? Number.POSITIVE_INFINITY,
    );
  },
);

verifies(
  'events.replay',
  'sends a reader that is cut off repeatedly exactly what a connected one gets',
  async () => {
    const server = await startTestServer();
    await server.post('/api/conversations', { id: 'a' });
    const whole = readUntil(await server.send('/api/conversations/a/events?after=0'), isEnd);
    const { turn_id } = await server.accept('a', { message: '[[slow 30 20ms]]' });
    const pieces: StoredEvent[] = [];
    for (let cuts = 0; !pieces.some(isEnd); cuts += 1) {
      const response = await server.send(`/api/conversations/a/events?after=${pieces.at(-1)?.id ?? 0}`);
      let count = 0;
      for await (const event of readEventStream(response)) {
        pieces.push(event);
        count += 1;
        if (count > cuts % 4 || isEnd(event)) break;
      }
    }
    const seen = await whole;
    expect(pieces).toEqual(seen);
    expect((await server.turn(turn_id)).result?.response).toBe(textOf(seen));
  },
);

verifies('events.replay', 'keeps conversations apart, and reports changes', async () => {
  const server = await startTestServer();
  await server.post('/api/conversations', { id: 'a' });
  await server.post('/api/conversations', { id: 'b' });
  const { cursor } = await server.get('/api/conversations/a');
  await server.chat({ message: 'in b', conv_id: 'b' });
  await server.patch('/api/conversations/a', { title: 'Renamed' });
  const [event] = await readUntil(
    await server.send(`/api/conversations/a/events?after=${cursor}`),
    () => true,
  );
  expect(event).toMatchObject({
    type: 'conversation.changed',
    conv_id: 'a',
    conversation: { title: 'Renamed' },
  });
  const all = await readUntil(
    await server.send(`/api/events?after=${cursor}`),
    (next) => next.conv_id === 'a',
  );
  expect(new Set(all.map((next) => next.conv_id))).toEqual(new Set(['a', 'b']));
});
