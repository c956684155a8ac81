import fc from 'fast-check';
import { expect } from 'vitest';
import { createSseDecoder } from '../../../contract/client.ts';
import { verifies } from '../../requirement/verifies.ts';

verifies('page.logic', 'reads a stream that is cut anywhere as the whole one', () => {
  const frames = [
    { event: 'text.delta', data: '{"text":"grüße 🎉"}' },
    { event: 'reset', data: '{}' },
  ];
  const bytes = new TextEncoder().encode(
    `retry: 1000\n\n: keep-alive\n\n${frames.map(({ event, data }) => `id: 1\nevent: ${event}\ndata: ${data}\n\n`).join('')}`,
  );
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
      const decoder = createSseDecoder();
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      expect(
        places.slice(1).flatMap((place, index) => decoder.push(bytes.slice(places[index], place))),
      ).toEqual(frames);
    }),
  );
});
