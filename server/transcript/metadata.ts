import {
  betweenTags,
  contentBlocks,
  type Entry,
  plainText,
  taskNotice,
  toolResultIds,
  withoutNotes,
} from './entry.ts';
import { truncateText } from './truncate.ts';

/**
 * What the lines of a transcript so far say about its session; as JSON it can be stored and continued later.
 */
export type SessionMetadata = {
  project: string | null;
  customTitle: string | null;
  ownTitle: string | null;
  firstMessage: string | null;
  lastMessage: string | null;
  turns: number;
  model: string | null;
  gitBranch: string | null;
  forkedFrom: string | null;
  entrypoint: string | null;
  isBackground: boolean;
  createdAt: string | null;
  lastAt: string | null;
  cost: number | null;
  /** The first entry of its tree: a fork has that of the session which it was made from. */
  firstUuid: string | null;
  entries: number;
  badLines: number;
};

export const noFacts: SessionMetadata = {
  project: null,
  customTitle: null,
  ownTitle: null,
  firstMessage: null,
  lastMessage: null,
  turns: 0,
  model: null,
  gitBranch: null,
  forkedFrom: null,
  entrypoint: null,
  isBackground: false,
  createdAt: null,
  lastAt: null,
  cost: null,
  firstUuid: null,
  entries: 0,
  badLines: 0,
};

const shownChars = 200;

/** Fields of entries that are of use for facts alone. */
export type FactEntry = Entry & {
  sessionId?: unknown;
  gitBranch?: unknown;
  entrypoint?: unknown;
  sessionKind?: unknown;
  forkedFrom?: unknown;
  relocatedCwd?: unknown;
  customTitle?: unknown;
  aiTitle?: unknown;
  summary?: unknown;
  totalCostUSD?: unknown;
};

/** Of a text that is very long its beginning is enough to look at. */
const shown = (text: string) =>
  truncateText(
    text
      .slice(0, shownChars * 10)
      .replace(/\s+/g, ' ')
      .trim(),
    shownChars,
  ).text;
const words = (value: unknown) => (typeof value === 'string' && value.trim() ? value : null);

/** What a person said; null for any other entry (a tool's result, a note, an interruption). */
export function userText(entry: Entry): string | null {
  if (entry.type !== 'user' || entry.isMeta || entry.isSidechain || entry.isCompactSummary) return null;
  if (toolResultIds(entry).length || taskNotice(entry) !== null) return null;
  const text = withoutNotes(plainText(entry));
  const command = /<command-name>([^<]*)<\/command-name>/.exec(text)?.[1]?.trim();
  if (command)
    return `${command} ${betweenTags(text, '<command-args>', '</command-args>').inside[0]?.trim() ?? ''}`.trim();
  if (/^\s*<(local-command|bash-)/.test(text) || text.startsWith('[Request interrupted by user')) return null;
  if (text.trim()) return text;
  return contentBlocks(entry).some((block) => block.type === 'image' || block.type === 'document')
    ? '[attachment]'
    : null;
}

/** The facts with one more entry. Those of a folded tool list are as they were where it says nothing new. */
export function addEntry(before: SessionMetadata, entry: FactEntry): SessionMetadata {
  switch (entry.type) {
    case 'custom-title':
      return { ...before, customTitle: words(entry.customTitle) };
    case 'ai-title':
      return { ...before, ownTitle: words(entry.aiTitle) ?? before.ownTitle };
    case 'summary':
      return { ...before, ownTitle: words(entry.summary) ?? before.ownTitle };
    case 'cost-state':
      return { ...before, cost: typeof entry.totalCostUSD === 'number' ? entry.totalCostUSD : before.cost };
    case 'relocated':
      return { ...before, project: words(entry.relocatedCwd) ?? before.project };
    case 'user':
    case 'assistant':
    case 'system':
    case 'attachment':
      return addTreeEntry(before, entry);
    default:
      return before;
  }
}

function addTreeEntry(before: SessionMetadata, entry: FactEntry): SessionMetadata {
  if (entry.isSidechain) return before;
  const from = entry.forkedFrom;
  const facts: SessionMetadata = {
    ...before,
    entries: before.entries + 1,
    project: before.project ?? words(entry.cwd),
    gitBranch: words(entry.gitBranch) ?? before.gitBranch,
    entrypoint: before.entrypoint ?? words(entry.entrypoint),
    isBackground: before.isBackground || entry.sessionKind === 'bg',
    forkedFrom:
      before.forkedFrom ??
      words(from && typeof from === 'object' ? (from as { sessionId?: unknown }).sessionId : from),
    createdAt: before.createdAt ?? words(entry.timestamp),
    lastAt: words(entry.timestamp) ?? before.lastAt,
    firstUuid: before.firstUuid ?? words(entry.uuid),
  };
  const said = userText(entry);
  if (said !== null) {
    facts.turns += 1;
    facts.firstMessage ??= shown(said);
    facts.lastMessage = shown(said);
  }
  if (entry.type === 'assistant' && entry.message?.model !== '<synthetic>') {
    facts.model = entry.message?.model ?? facts.model;
    const text = plainText(entry);
    if (text.trim()) facts.lastMessage = shown(text);
  }
  return facts;
}

/** Describes what is wrong with a transcript; null if nothing is. */
export function describeProblem(facts: SessionMetadata, size: number): string | null {
  if (size === 0) return 'The file is empty.';
  if (facts.entries === 0)
    return facts.badLines
      ? 'No line of the file can be read: it is not a transcript.'
      : 'Nothing was said in it.';
  if (facts.badLines) return `${facts.badLines} ${facts.badLines === 1 ? 'line' : 'lines'} cannot be read.`;
  return null;
}
