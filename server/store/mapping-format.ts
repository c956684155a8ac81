import { z } from 'zod';
import { ConvId } from '../../contract/common.ts';
import { storedOptionsShape, takeOldNames } from '../../contract/conversation-options.ts';
import { countTurnsBefore } from './conversation-facts.ts';
import type { ConversationRecord, TurnStore } from './port.ts';

/** An entry as the original system, or a hand, may have written it: what is missing is filled in. */
const EntryFields = z.looseObject({
  session_id: z
    .string()
    .nullish()
    .catch(null)
    .transform((id) => id || null),
  created_at: z.string().optional().catch(undefined),
  last_message_at: z.string().nullish().catch(undefined),
  turn_count: z.coerce.number().catch(0),
  last_message: z
    .string()
    .nullish()
    .catch(null)
    .transform((message) => message ?? null),
  ...storedOptionsShape,
  context: z.object({ tokens: z.number(), window: z.number().nullable() }).optional().catch(undefined),
  reset_at: z.string().optional().catch(undefined),
  turns_before: z.number().optional().catch(undefined),
  settled_turn: z.string().optional().catch(undefined),
});

const Entry = z
  .looseObject({})
  .transform(takeOldNames)
  .pipe(EntryFields)
  // Earlier versions named the newest turn that the entry includes. All turns of such an entry are in the journal, except
  // those of the original system, which `countTurnsBefore` finds.
  .transform(({ settled_turn, ...entry }) =>
    settled_turn ? { ...entry, turns_before: entry.turns_before ?? 0 } : entry,
  );

/** Other fields, as a newer version may write them, are kept. */
const File = z.looseObject({ conversations: z.record(z.string(), z.unknown()) });

/** The content of sessions.json. */
export type MappingContent = { conversations: Record<string, ConversationRecord> };

export type MappingFormatDeps = {
  turns: Pick<TurnStore, 'activityOf'>;
  now(): Date;
  /** An entry could not be read as it is. */
  onOddEntry(name: string, what: string): void;
};

/** Reads the content of sessions.json, whoever wrote it. Throws ZodError if it has no conversations at all. */
export function parseMapping(value: unknown, deps: MappingFormatDeps): MappingContent {
  const conversations: MappingContent['conversations'] = {};
  const { conversations: entries, ...rest } = File.parse(value);
  for (const [name, fields] of Object.entries(entries)) {
    const { success, data: entry } = Entry.safeParse(fields);
    if (!success) {
      deps.onOddEntry(name, 'it is not an object and was left out');
      continue;
    }
    const id = pickFreeId(name, conversations);
    if (id !== name) deps.onOddEntry(name, `it is now called ${id}, with the old name as its title`);
    const activity = deps.turns.activityOf(id);
    const created_at = entry.created_at ?? entry.last_message_at ?? deps.now().toISOString();
    const title = id === name ? {} : { title: name };
    conversations[id] = {
      ...title,
      ...entry,
      ...(activity ? { turns_before: countTurnsBefore(entry, activity.completed) } : {}),
      created_at,
      last_message_at: entry.last_message_at ?? created_at,
    };
  }
  return { ...rest, conversations };
}

/** The original system took any name; ours must fit into an address. */
function pickFreeId(name: string, taken: Record<string, unknown>): string {
  if (ConvId.safeParse(name).success) return name;
  const plain = `c-${name.replace(/[^A-Za-z0-9._-]+/g, '-')}`.slice(0, 60);
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? plain : `${plain}-${number}`;
    if (!(id in taken)) return id;
  }
}
