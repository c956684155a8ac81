import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../../../server/transcript/entry.ts';
import { createHistoryPage, maxPageBytes, parseCursor } from '../../../../server/transcript/history-page.ts';
import { createLineSplitter, parseLine } from '../../../../server/transcript/jsonl.ts';

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A conversation of `count` turns with a tool call each, as entries in the order of the file. */
function conversation(count: number): Entry[] {
  const entries: Entry[] = [];
  let parent: string | null = null;
  const add = (entry: Entry) => {
    entries.push({
      ...entry,
      uuid: uuid(entries.length),
      parentUuid: parent,
      timestamp: new Date(entries.length * 1000).toISOString(),
    });
    parent = uuid(entries.length - 1);
  };
  for (let i = 0; i < count; i += 1) {
    add({ type: 'user', message: { role: 'user', content: `question ${i}` } });
    add({
      type: 'assistant',
      message: { id: `m${i}a`, content: [{ type: 'tool_use', id: `t${i}`, name: 'Bash', input: {} }] },
    });
    add({
      type: 'user',
      message: {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: `t${i}`, content: 'x'.repeat(i * 10) }],
      },
    });
    add({ type: 'assistant', message: { id: `m${i}b`, content: [{ type: 'text', text: `answer ${i}` }] } });
  }
  return entries;
}

function readPage(entries: Entry[], limit: number, before?: string) {
  const cursor = before === undefined ? undefined : (parseCursor(before) ?? undefined);
  const page = createHistoryPage(limit, cursor);
  for (let index = entries.length - 1; index >= 0; index -= 1) {
    const placed = { entry: entries[index] as Entry, start: index * 10, end: (index + 1) * 10 };
    if (placed.end > (cursor?.end ?? Number.POSITIVE_INFINITY)) continue;
    if (!page.offer(placed)) break;
  }
  return page.finish();
}

test('pages of any size put together are the whole conversation', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 40 }), (turns, limit) => {
      const entries = conversation(turns);
      const all: unknown[] = [];
      for (let before: string | undefined; ; ) {
        const page = readPage(entries, limit, before);
        all.unshift(...page.messages);
        if (page.before === null) break;
        before = page.before;
      }
      expect(all).toEqual(readPage(entries, 1000).messages);
      expect(all).toHaveLength(turns * 3);
    }),
  );
});

test('a tool is always on the same page as its result', () => {
  const entries = conversation(10);
  for (let limit = 1; limit < 12; limit += 1) {
    for (const message of readPage(entries, limit).messages) {
      for (const part of message.parts) if (part.type === 'tool') expect(part.output).not.toBeNull();
    }
  }
});

test('one message that is larger than a page is clipped to fit', () => {
  const huge: Entry = {
    type: 'assistant',
    uuid: uuid(0),
    parentUuid: null,
    message: { id: 'm', content: [] },
  };
  huge.message = {
    id: 'm',
    content: Array.from({ length: 60 }, (_, i) => ({
      type: 'tool_use',
      id: `t${i}`,
      name: 'Bash',
      input: { x: '€'.repeat(9000) },
    })),
  };
  const { messages } = readPage([huge], 10);
  expect(Buffer.byteLength(JSON.stringify(messages))).toBeLessThanOrEqual(maxPageBytes);
  expect(messages).toHaveLength(1);
});

test('lines come out the same however the text is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string()),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      (lines, sizes) => {
        const clean = lines.map((line) => line.replaceAll('\n', ' '));
        const text = clean.map((line) => `${line}\n`).join('');
        const splitter = createLineSplitter();
        const found: string[] = [];
        for (let at = 0, i = 0; at < text.length; i += 1) {
          const size = sizes[i % sizes.length] ?? 1;
          found.push(...splitter.push(text.slice(at, at + size)));
          at += size;
        }
        expect(found).toEqual(clean);
        expect(splitter.rest()).toBe('');
      },
    ),
  );
});

test('lines that are not JSON objects are skipped', () => {
  for (const line of ['', 'null', '[1]', '{"cut":', 'word', '\u0000']) expect(parseLine(line)).toBeNull();
  expect(parseLine('{"lone":"\\ud800"}')).toEqual({ lone: '\ud800' });
});
