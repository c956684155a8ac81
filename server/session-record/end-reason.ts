import type { EndReason } from '../../contract/archive.ts';
import type { LastActivity } from '../transcript/last-activity.ts';

/** What is known of the end of a session. */
export type EndFacts = {
  /** Why we ended it, where we did. */
  endedByUs: 'killed' | 'replaced' | 'not_started' | null;
  deeds: LastActivity | null;
  /** The end of what its terminal showed, as plain text; null where nothing is left of it. */
  tail: string | null;
  exitCode: number | null;
  signal: number | null;
};

/** What Claude Code prints last when it leaves in order; in a conversation the words can stand anywhere else. */
const goodbye = /claude --resume\s+[0-9a-f-]{36}\s*$/;

/** As the system and runtimes write them: in other cases they are words of a conversation. */
const memoryWords = /\b(Killed|Out of memory|MemoryError|heap out of memory|Cannot allocate memory|OOM)\b/g;

/** What a process that ran out of memory says last, it says in its last lines. */
const lastChars = 1000;

/** SIGKILL, and a shell's word for it. */
const [sigkill, killedCode] = [9, 137];

/** Words that speak of too little memory, each once. */
export const outOfMemoryHints = (text: string): string[] => [...new Set(text.match(memoryWords) ?? [])];

/**
 * Why a session ended, the most certain first. A command that ran out of memory is told from one
 * that was killed by somebody: exit code 137 alone does not say it.
 */
export function resolveEndReason({ endedByUs: ours, deeds, tail, exitCode, signal }: EndFacts): EndReason {
  if (ours) return ours;
  const isCommandKilled = deeds?.last_exit_code === killedCode || deeds?.wasShortOfMemory === true;
  const isKilled = signal === sigkill || exitCode === killedCode;
  if (isCommandKilled && outOfMemoryHints(deeds?.last_output ?? '').length) return 'out_of_memory';
  if (isKilled && /FATAL ERROR|heap out of memory/.test(tail?.slice(-lastChars) ?? ''))
    return 'out_of_memory';
  const isInOrder = exitCode === 0 || (exitCode === null && signal === null && goodbye.test(tail ?? ''));
  if (!isInOrder) return tail === null && exitCode === null ? 'missing_log' : 'abrupt';
  if (deeds?.interrupted) return 'interrupted';
  return deeds?.ends === 'tool' && deeds.last_exit_code ? 'tool_crash' : 'clean_exit';
}

const goOn = 'Continuing is safe: the transcript has all that was said.';

/** What a person can do about it. */
export const endAdvice: Readonly<Record<EndReason, string>> = {
  clean_exit: `It ended in order. ${goOn}`,
  killed: `It was ended from here. ${goOn}`,
  replaced:
    'Its terminal was taken by a newer one, in which the session may go on. Look at the newest record of this session.',
  interrupted:
    'Its last turn was stopped (Escape, Ctrl-C, a cancel, a limit), and then it was left. Continue it and say how to go on.',
  tool_crash:
    'Its last command failed, and it was left with that. Look at the output; continuing is safe, and the model sees the failure.',
  out_of_memory:
    'Memory ran out: a command, or Claude Code itself, was killed. On Linux `journalctl -k | grep -i oom` says so for certain. Run less at a time or add swap, then continue it.',
  failed:
    'Its last turn failed: the model could not be reached, or refused. The turn has the reason; continue it when that is over.',
  abrupt:
    'It ended without a goodbye: its process or its terminal was killed, it crashed, or the machine went down. What a command had half done stays half done: look at the project, then continue it. The end of its log may say more.',
  missing_log: `It ended without a goodbye, and nothing is left to tell why. ${goOn}`,
  not_started: 'It never became ready. The end of its log has what it said.',
};
