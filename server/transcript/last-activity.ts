import type { Diagnosis } from '../../contract/session.ts';
import { contentBlocks, type Entry, plainText } from './entry.ts';
import { toolOutput } from './message-part.ts';
import { userText } from './metadata.ts';
import { truncateText } from './truncate.ts';

/** What a session did last. */
export type LastActivity = Omit<Diagnosis, 'id' | 'state' | 'reason' | 'advice'> & {
  /** The last tool has no result. */
  isToolOpen: boolean;
  /** The last thing in the transcript is an answer of the model, a message of the person, a tool, or an error of the API. */
  ends: 'answer' | 'message' | 'tool' | 'error' | 'nothing';
  /** The tool's output says that memory was short. */
  wasShortOfMemory: boolean;
};

const maxText = 2000;
const outOfMemory = /\b(Killed|Out of memory|MemoryError|heap out of memory|Cannot allocate memory|OOM)\b/i;

const toCommand = (input: unknown): string | null => {
  const { command, file_path, path, pattern, url } = (input ?? {}) as Record<string, unknown>;
  const found = command ?? file_path ?? path ?? pattern ?? url;
  return typeof found === 'string' ? truncateText(found, 500).text : null;
};

const findEnd = (text: string) => (text.length > maxText ? `…${text.slice(-maxText)}` : text);

/** Collects the deeds from the entries of a transcript, given from the last to the first. */
export function createLastActivity() {
  const results = new Map<string, { text: string; isError: boolean }>();
  const deeds: LastActivity = {
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

  function takeTool(entry: Entry): void {
    const call = contentBlocks(entry).findLast((block) => block.type === 'tool_use');
    if (!call || deeds.last_tool !== null) return;
    deeds.last_tool = String(call.name);
    deeds.last_command = toCommand(call.input);
    const result = results.get(String(call.id));
    deeds.isToolOpen = !result;
    if (!result) return;
    const code = /(?:^|\n)Exit code (\d+)/.exec(result.text)?.[1];
    if (code !== undefined) deeds.last_exit_code = Number(code);
    else if (call.name === 'Bash' && !result.isError) deeds.last_exit_code = 0;
    deeds.last_output = findEnd(result.text);
    deeds.wasShortOfMemory = outOfMemory.test(result.text) && (code === '137' || result.isError);
  }

  return {
    /** Takes the next older entry; false when nothing more is to be known. */
    offer(entry: Entry): boolean {
      if (entry.isSidechain || (entry.type !== 'user' && entry.type !== 'assistant')) return true;
      deeds.at ??= entry.timestamp ?? null;
      const text = plainText(entry);
      if (entry.type === 'user') {
        for (const block of contentBlocks(entry)) {
          if (block.type === 'tool_result')
            results.set(String(block.tool_use_id), {
              text: toolOutput(block.content),
              isError: block.is_error === true,
            });
        }
        const isInterruption = text.startsWith('[Request interrupted by user');
        if (deeds.ends === 'nothing' && isInterruption) deeds.interrupted = true;
        const said = userText(entry);
        if (said !== null && deeds.last_message === null)
          deeds.last_message = truncateText(said, maxText).text;
        if (deeds.ends === 'nothing' && said !== null) deeds.ends = 'message';
        if (deeds.ends === 'nothing' && results.size) deeds.ends = 'tool';
      } else if (entry.message?.model !== '<synthetic>' || entry.isApiErrorMessage) {
        takeTool(entry);
        if (deeds.ends === 'nothing')
          deeds.ends = entry.isApiErrorMessage
            ? 'error'
            : text.trim() && !deeds.isToolOpen
              ? 'answer'
              : 'tool';
        if (text.trim() && deeds.last_words === null) deeds.last_words = findEnd(text);
      }
      return deeds.last_tool === null || deeds.last_words === null || deeds.last_message === null;
    },
    /** A line that cannot be read. */
    cut(): void {
      deeds.cut_lines += 1;
    },
    finish: (): LastActivity => deeds,
  };
}

type Reason = Diagnosis['reason'];

/** Why a session stands where it stands. */
export function resolveReason(deeds: LastActivity, isLive: boolean): Reason {
  if (isLive) return 'live';
  if (deeds.ends === 'nothing') return 'empty';
  if (deeds.interrupted) return 'interrupted';
  if (deeds.wasShortOfMemory) return 'out_of_memory';
  if (deeds.ends === 'error') return 'failed';
  if (deeds.ends === 'answer') return 'answered';
  if (deeds.ends === 'message') return 'unanswered';
  if (deeds.isToolOpen) return 'in_a_tool';
  return deeds.last_exit_code ? 'tool_failed' : 'unanswered';
}

/** What a person can do about it. */
export const advice: Readonly<Record<Reason, string>> = {
  live: 'A process has this session open now. Write to it where it is open, or fork it; it is not continued beside that process.',
  answered:
    'It ended with an answer. It can be continued at any time, here or in a terminal with `claude --resume <id>`.',
  interrupted:
    'A person (or a program in their place) stopped it. What it had done stays; continue it and say how to go on.',
  out_of_memory:
    'Its last command was killed, most likely because memory ran out. On Linux `journalctl -k | grep -i oom` says so for certain. Run less at a time or add swap, then continue it: the transcript is whole.',
  tool_failed:
    'Its last command failed and nothing came after it. Look at the output; continuing is safe, and the model sees the failure.',
  in_a_tool:
    'Its process ended while a tool was at work: a crash, a kill, a shutdown, or a terminal that was closed. The command may have done a part of its work: look at the project before you continue. The model is told that there is no result.',
  unanswered:
    'The last message has no answer: the process ended before the model was done. Continue it and say the message again, or "go on".',
  failed:
    'The model could not be reached, or refused. The words of the API are in `last_words`; continue it when that is over.',
  empty: 'Nothing was said in it that can be read. There is nothing to continue.',
};
