import type { Diagnosis } from '../../contract/session.ts';
import { contentBlocks, type Entry, plainText } from './entry.ts';
import { toolOutput } from './message-part.ts';
import { userText } from './metadata.ts';
import { isOutOfMemory } from './out-of-memory.ts';
import { truncateText } from './truncate.ts';

/** What a session did last. */
export type LastActivity = Omit<Diagnosis, 'id' | 'state' | 'reason' | 'advice'> & {
  /** The last tool has no result. */
  isToolOpen: boolean;
  /**
   * The kind of the last entry: an answer of the model, a message of the person, a tool, or an error of the
   * API.
   */
  ends: 'answer' | 'message' | 'tool' | 'error' | 'nothing';
  /** The last tool failed because memory ran out. */
  wasShortOfMemory: boolean;
};

const maxText = 2000;
const maxCommand = 500;

/** What a session did last if it did nothing. */
export const noActivity: LastActivity = {
  last_tool: null,
  last_command: null,
  last_exit_code: null,
  last_output: null,
  interrupted: false,
  last_words: null,
  last_message: null,
  at: null,
  cut_lines: 0,
  isToolOpen: false,
  ends: 'nothing',
  wasShortOfMemory: false,
};

/**
 * Collects the last activity from the entries of a transcript, which are offered from the last to the first.
 */
export class LastActivityReader {
  readonly #results = new Map<string, { text: string; isError: boolean }>();
  readonly #activity: LastActivity = { ...noActivity };

  /** Takes the next older entry; false when nothing more can be learned. */
  offer(entry: Entry): boolean {
    if (entry.isSidechain || (entry.type !== 'user' && entry.type !== 'assistant')) return true;
    const activity = this.#activity;
    activity.at ??= entry.timestamp ?? null;
    if (entry.type === 'user') this.#readUserEntry(entry);
    else if (entry.message?.model !== '<synthetic>' || entry.isApiErrorMessage)
      this.#readAssistantEntry(entry);
    return activity.last_tool === null || activity.last_words === null || activity.last_message === null;
  }

  /** Counts a line that cannot be read. */
  countCutLine(): void {
    this.#activity.cut_lines += 1;
  }

  finish(): LastActivity {
    return this.#activity;
  }

  #readUserEntry(entry: Entry): void {
    const activity = this.#activity;
    for (const block of contentBlocks(entry)) {
      if (block.type === 'tool_result')
        this.#results.set(String(block.tool_use_id), {
          text: toolOutput(block.content),
          isError: block.is_error === true,
        });
    }
    const message = userText(entry);
    if (message !== null) activity.last_message ??= truncateText(message, maxText).text;
    if (activity.ends !== 'nothing') return;
    if (plainText(entry).startsWith('[Request interrupted by user')) activity.interrupted = true;
    if (message !== null) activity.ends = 'message';
    else if (this.#results.size) activity.ends = 'tool';
  }

  #readAssistantEntry(entry: Entry): void {
    const activity = this.#activity;
    const text = plainText(entry);
    if (activity.last_tool === null) this.#readToolCall(entry);
    if (activity.ends === 'nothing') {
      if (entry.isApiErrorMessage) activity.ends = 'error';
      else activity.ends = text.trim() && !activity.isToolOpen ? 'answer' : 'tool';
    }
    if (text.trim()) activity.last_words ??= keepEnd(text);
  }

  #readToolCall(entry: Entry): void {
    const call = contentBlocks(entry).findLast((block) => block.type === 'tool_use');
    if (!call) return;
    const activity = this.#activity;
    activity.last_tool = String(call.name);
    activity.last_command = describeInput(call.input);
    const result = this.#results.get(String(call.id));
    activity.isToolOpen = !result;
    if (!result) return;
    const code = /(?:^|\n)Exit code (\d+)/.exec(result.text)?.[1];
    const exitCode = code === undefined ? null : Number(code);
    if (exitCode !== null) activity.last_exit_code = exitCode;
    else if (call.name === 'Bash' && !result.isError) activity.last_exit_code = 0;
    activity.last_output = keepEnd(result.text);
    activity.wasShortOfMemory = isOutOfMemory(result.text, { exitCode, isError: result.isError });
  }
}

function describeInput(input: unknown): string | null {
  const { command, file_path, path, pattern, url } = (input ?? {}) as Record<string, unknown>;
  const subject = command ?? file_path ?? path ?? pattern ?? url;
  return typeof subject === 'string' ? truncateText(subject, maxCommand).text : null;
}

const keepEnd = (text: string) => (text.length > maxText ? `…${text.slice(-maxText)}` : text);
