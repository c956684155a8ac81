import { type Block, toBlocks } from './message-part.ts';

/**
 * A line of a transcript, as far as it is used here. Entries of the tree have a `uuid`; titles, modes,
 * request bodies and the like have none. `type` decides what an entry is: the request bodies that
 * newer CLIs write between the messages have a `message` too.
 */
export type Entry = {
  type: string;
  subtype?: string;
  uuid?: string;
  parentUuid?: string | null;
  /** Set instead of `parentUuid` if a compaction starts a new tree. */
  logicalParentUuid?: string | null;
  isSidechain?: boolean;
  timestamp?: string;
  cwd?: string;
  leafUuid?: string;
  message?: { id?: string; role?: string; model?: string; content?: unknown };
  content?: unknown;
  isMeta?: boolean;
  isCompactSummary?: boolean;
  isApiErrorMessage?: boolean;
  origin?: { kind?: string };
  /** On a tool's result (2.1.329): why it never ran, and who decided. */
  toolDenialKind?: unknown;
  permissionDecision?: unknown;
  attachment?: { type?: string; prompt?: unknown; commandMode?: string };
};

/** An entry with where its line begins and ends in the file, in bytes. */
export type PlacedEntry = { entry: Entry; start: number; end: number };

export const contentBlocks = (entry: Entry): Block[] => toBlocks(entry.message?.content);

/** The ids of the tool calls whose results an entry holds. */
export function toolResultIds(entry: Entry): string[] {
  if (entry.type !== 'user') return [];
  return contentBlocks(entry)
    .filter((block) => block.type === 'tool_result')
    .map((block) => String(block.tool_use_id));
}

/** The text of a notice that background work has ended; null for any other entry. */
export function taskNotice(entry: Entry): string | null {
  if (entry.type !== 'user') return null;
  const text = plainText(entry);
  return entry.origin?.kind === 'task-notification' || text.startsWith('<task-notification>') ? text : null;
}

export function plainText(entry: Entry): string {
  return contentBlocks(entry)
    .filter((block) => block.type === 'text')
    .map((block) => String(block.text ?? ''))
    .join('\n');
}

/**
 * What stands inside a pair of tags, and outside of all of them. A pattern would look for the end of each tag
 * that was begun; here one that has no end is looked for once.
 */
export function betweenTags(
  text: string,
  open: string,
  close: string,
): { inside: string[]; outside: string[] } {
  const inside: string[] = [];
  const outside: string[] = [];
  let at = 0;
  for (let start = text.indexOf(open); start >= 0; start = text.indexOf(open, at)) {
    const end = text.indexOf(close, start + open.length);
    if (end < 0) break;
    outside.push(text.slice(at, start));
    inside.push(text.slice(start + open.length, end));
    at = end + close.length;
    if (text[at] === '\n') at += 1;
  }
  return { inside, outside: [...outside, text.slice(at)] };
}

/**
 * A message without what the CLI puts into it: its reminders, and the tag around a long paste, which some get
 * (2.1.329).
 */
export const withoutNotes = (text: string): string => {
  const kept = betweenTags(text, '<system-reminder>', '</system-reminder>').outside.join('');
  return kept.replace(/<\/?pasted_content\b[^<>]*>\n?/g, '');
};
