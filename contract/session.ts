import { z } from 'zod';
import { ConvId } from './common.ts';
import { DiagnosisReason } from './end-reason.ts';

/**
 * `running` and `waiting` (on a person) and `idle` have a live process; `ended` has none. A process counts only
 * where its pid is alive and was started when the CLI's own file says.
 */
export const SessionState = z.enum(['running', 'waiting', 'idle', 'ended']);
export type SessionState = z.infer<typeof SessionState>;

/** How a session was begun: in a terminal, by a program (`claude -p`, the SDK), or by `claude --bg`. */
export const SessionKind = z.enum(['interactive', 'headless', 'background']);
export type SessionKind = z.infer<typeof SessionKind>;

/** A session of an agent on a host, as its transcript describes it. */
export const Session = z.object({
  id: z.string(),
  project: z
    .string()
    .nullable()
    .describe('the folder in which it works, as its transcript says; null where it does not say'),
  title: z.string().nullable(),
  first_message: z.string().nullable(),
  last_message: z
    .string()
    .nullable()
    .describe('the last message of the model, or of the person if it has not answered'),
  state: SessionState,
  waiting_for: z.string().nullable().describe('what it waits for from a person, as the CLI says it'),
  kind: SessionKind.nullable(),
  pid: z.number().int().nullable(),
  turns: z.number().int().describe('how often a person (or a program in their place) has said something'),
  model: z.string().nullable(),
  git_branch: z.string().nullable(),
  forked_from: z.string().nullable(),
  created_at: z.string().nullable(),
  modified_at: z.string(),
  size: z.number().int().describe('bytes of its transcript'),
  cost: z.number().nullable().describe('USD, where the CLI has noted it'),
  terminal: z
    .object({ name: z.string(), command: z.string().describe('the command that attaches to it') })
    .nullable()
    .describe('set if it is open in a terminal that was started here'),
  conv_id: ConvId.nullable().describe('the conversation that continues it'),
  bridge_url: z.string().nullable(),
  problem: z.string().nullable().describe('what is wrong with its transcript'),
});
export type Session = z.infer<typeof Session>;

/** How far the index of the transcripts is. What is not in it yet is neither found by a search nor counted. */
export const Indexing = z.object({
  done: z.boolean(),
  files: z.number().int(),
  files_done: z.number().int(),
  bytes: z.number().int(),
  bytes_done: z.number().int(),
  problem: z.string().nullable(),
});
export type Indexing = z.infer<typeof Indexing>;

export const SessionPage = z.object({
  sessions: z.array(Session),
  next: z.string().nullable().describe('the cursor of the next page; null at the end'),
  indexing: Indexing,
});

/** What a session did last, read from its transcript. */
export const Diagnosis = z.object({
  id: z.string(),
  state: SessionState,
  reason: DiagnosisReason,
  advice: z.string(),
  last_tool: z.string().nullable(),
  last_command: z.string().nullable(),
  last_exit_code: z.number().int().nullable(),
  last_output: z.string().nullable().describe('the end of what the tool said'),
  interrupted: z.boolean(),
  last_words: z.string().nullable(),
  last_message: z.string().nullable().describe('what the person said last'),
  at: z.string().nullable(),
  cut_lines: z.number().int().describe('lines among the last ones that cannot be read'),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

export const SearchRole = z.enum(['user', 'assistant', 'tool', 'output']);
export type SearchRole = z.infer<typeof SearchRole>;

/** A place that matches a search. */
export const SearchHit = z.object({
  session_id: z.string(),
  project: z.string().nullable(),
  title: z.string().nullable(),
  conv_id: ConvId.nullable(),
  message_id: z.string().nullable(),
  role: SearchRole,
  at: z.string().nullable(),
  excerpt: z.string().describe('the words and what stands around them'),
  marks: z
    .array(z.tuple([z.number().int(), z.number().int()]))
    .describe('where in the excerpt the words are: begin and end, in UTF-16 units'),
  agent_id: z.string().nullable().describe('the sub-agent that said it; null where the session itself did'),
  before: z
    .string()
    .nullable()
    .describe(
      'the cursor by which …/messages gives the page that ends with this message; null for a sub-agent',
    ),
});
export type SearchHit = z.infer<typeof SearchHit>;

export const SearchAnswer = z.object({
  hits: z.array(SearchHit),
  order: z.enum(['best', 'newest']).describe('a search that finds very much gives the newest first'),
  indexing: Indexing,
});

/** A prompt that was typed in a terminal. */
export const TypedPrompt = z.object({
  text: z.string(),
  project: z.string().nullable(),
  session_id: z.string().nullable(),
  at: z.string().nullable(),
});
export type TypedPrompt = z.infer<typeof TypedPrompt>;
