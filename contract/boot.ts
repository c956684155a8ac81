import type { ConversationSnapshot, ConversationSummary } from './conversation.ts';
import type { HistoryPage } from './message.ts';
import type { Prompt } from './prompt.ts';

/** What the page is served with: enough to draw its first screen without asking for anything. */
export type Boot = {
  /** Names the built page; another one on the server means that this one is old. */
  build: string;
  language: string;
  /** The path that was asked for. */
  path: string;
  /** The moment of it, so that the server and the browser draw the same words. */
  now: string;
  /** Null where the browser is not signed in. */
  user: { name: string; project: string } | null;
  conversations: ConversationSummary[];
  prompts: Prompt[];
  /** The conversation of the address; null if it has no messages yet. */
  open: { id: string; snapshot: ConversationSnapshot; page: HistoryPage } | null;
  /** Follow the events from here. */
  cursor: number;
};
