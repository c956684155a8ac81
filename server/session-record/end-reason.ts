import type { DiagnosisReason, EndReason } from '../../contract/end-reason.ts';
import type { LastActivity } from '../transcript/last-activity.ts';
import { killedCode } from '../transcript/out-of-memory.ts';

/** What is known about the end of a session. */
export type EndFacts = {
  /** Why this server ended it, if it did. */
  endedByUs: 'killed' | 'replaced' | 'not_started' | null;
  activity: LastActivity | null;
  /** The end of its terminal's output as plain text; null if there is none. */
  tail: string | null;
  exitCode: number | null;
  signal: number | null;
};

/**
 * The last line that Claude Code prints at a clean exit; in a conversation the words can be anywhere else.
 */
const goodbye = /claude --resume\s+[0-9a-f-]{36}\s*$/;

/** A process that runs out of memory reports that in its last lines. */
const lastChars = 1000;

const sigkill = 9;

/** Why a session ended; the most certain reason first. */
export function resolveEndReason({ endedByUs, activity, tail, exitCode, signal }: EndFacts): EndReason {
  if (endedByUs) return endedByUs;
  if (activity?.wasShortOfMemory) return 'out_of_memory';
  const isKilled = signal === sigkill || exitCode === killedCode;
  if (isKilled && /FATAL ERROR|heap out of memory/.test(tail?.slice(-lastChars) ?? ''))
    return 'out_of_memory';
  const isClean = exitCode === 0 || (exitCode === null && signal === null && goodbye.test(tail ?? ''));
  if (!isClean) return tail === null && exitCode === null ? 'missing_log' : 'abrupt';
  if (activity?.interrupted) return 'interrupted';
  return activity?.ends === 'tool' && activity.last_exit_code ? 'tool_crash' : 'clean_exit';
}

/** What the transcript of a session alone says about its end. */
export function diagnoseEnd(activity: LastActivity, isLive: boolean): DiagnosisReason {
  if (isLive) return 'live';
  if (activity.ends === 'nothing') return 'empty';
  if (activity.interrupted) return 'interrupted';
  if (activity.wasShortOfMemory) return 'out_of_memory';
  if (activity.ends === 'error') return 'failed';
  if (activity.ends === 'answer') return 'answered';
  if (activity.ends === 'message') return 'unanswered';
  if (activity.isToolOpen) return 'in_a_tool';
  return activity.last_exit_code ? 'tool_failed' : 'unanswered';
}

const canContinue = 'Continuing is safe: the transcript is complete.';
const toolFailed = 'Look at the output; continuing is safe, and the model sees the failure.';

/** What a person can do about it. `<id>` is replaced by the id of the session. */
export const endAdvice: Readonly<Record<EndReason | DiagnosisReason, string>> = {
  clean_exit: `It exited cleanly. ${canContinue}`,
  answered:
    'It ended with an answer. It can be continued at any time, here or in a terminal with `claude ' +
    '--resume <id>`.',
  killed: `It was ended from here. ${canContinue}`,
  replaced:
    'A newer session took its terminal and may continue it. Look at the newest record of this session.',
  interrupted:
    'Its last turn was stopped (Escape, Ctrl-C, a cancel, a limit). What it had done stays; continue ' +
    'it and say ' +
    'what to do next.',
  tool_crash: `Its last command failed, and it ended after that. ${toolFailed}`,
  tool_failed: `Its last command failed and nothing came after it. ${toolFailed}`,
  out_of_memory:
    'Memory ran out: a command, or Claude Code itself, was killed. On Linux `journalctl -k | grep -i ' +
    'oom` confirms it. ' +
    'Run fewer things at a time or add swap, then continue it.',
  in_a_tool:
    'Its process ended while a tool was running: a crash, a kill, a shutdown, or a terminal that was ' +
    'closed. The ' +
    'command may have done a part of its work: look at the project before you continue. The model is ' +
    'informed that ' +
    'there is no result.',
  unanswered:
    'The last message has no answer: the process ended before the model was done. Continue it and ' +
    'repeat the message, ' +
    'or send "continue".',
  failed:
    'Its last turn failed: the model could not be reached, or refused. The error is in `last_words` ' +
    'or in the turn; ' +
    'continue it when the cause is gone.',
  abrupt:
    'It ended without a goodbye: its process or its terminal was killed, it crashed, or the machine ' +
    'went down. ' +
    'Unfinished work of a command stays unfinished: look at the project, then continue it. The end ' +
    'of its log may ' +
    'say more.',
  missing_log: `It ended without a goodbye, and no log is left that could say why. ${canContinue}`,
  not_started: 'It never became ready. The end of its log has its messages.',
  live:
    'A process has this session open now. Write to it in that process, or fork it; two processes ' +
    'cannot continue it.',
  empty: 'It has no messages that can be read. There is nothing to continue.',
};
