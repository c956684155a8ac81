import type { ErrorCode } from '../../../contract/error.ts';
import { truncateText } from '../../transcript/truncate.ts';
import type { RunEnd } from '../port.ts';
import type { ResultLine } from './protocol.ts';
import { isWithinLimit, limitList, limitRecord } from './size-limit.ts';

type Pattern = { code: ErrorCode; status?: readonly number[]; text: RegExp };

/** What the CLI reports of a failed request, by the status of the API or by its own text; the first match counts. */
const patterns: readonly Pattern[] = [
  {
    code: 'not_logged_in',
    status: [401, 403],
    text: /not logged in|please run \/login|invalid api key|failed to authenticate|oauth token/i,
  },
  { code: 'model_unavailable', status: [404], text: /issue with the selected model/i },
  { code: 'prompt_too_long', status: [413], text: /prompt is too long|request too large/i },
  {
    code: 'model_rate_limited',
    status: [429],
    text: /rate.?limit|usage limit|\(429\)|temporarily limiting requests/i,
  },
  { code: 'model_overloaded', status: [529], text: /overloaded/i },
  {
    code: 'model_unreachable',
    text: /unable to connect to api|request timed out|connection (error|refused|reset|closed)|\((ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)\)|could not resolve/i,
  },
];

/** The end of a run with this result, which cost `cost` USD. `isError` decides: an API error has the subtype "success". */
export function fromResult(line: ResultLine, cost: number, sessionId: string): RunEnd {
  if (line.isError)
    return { kind: 'failure', code: toFailureCode(line), detail: describeExit(line.text), cost };
  return {
    kind: 'answer',
    response: line.text,
    sessionId: line.sessionId ?? sessionId,
    cost,
    totalCost: line.totalCostUsd ?? 0,
    turns: line.turns,
    durationMs: line.durationMs,
    usage: limitRecord(line.usage),
    permissionDenials: limitList(line.permissionDenials),
    ...(isWithinLimit(line.structuredOutput) ? { structuredOutput: line.structuredOutput } : {}),
    contextWindow: findContextWindow(line),
  };
}

/**
 * What a result adds to what the process had counted at its last one (null before the first). The total can count
 * over the session and its resumes, which had cost `sessionBefore`. After /clear it starts again.
 */
export function costSince(line: ResultLine, counted: number | null, sessionBefore: number): number {
  const before = counted ?? (line.countsSession ? sessionBefore : 0);
  const total = line.totalCostUsd ?? before;
  return total >= before ? total - before : total;
}

/** The context window of the model that read the most. */
function findContextWindow({ models }: ResultLine): number | null {
  const [most] = models.toSorted((a, b) => b.tokensRead - a.tokensRead);
  return most?.contextWindow || null;
}

function toFailureCode({ subtype, terminalReason, apiErrorStatus, text }: ResultLine): ErrorCode {
  if (subtype === 'error_max_turns' || subtype === 'error_max_budget_usd') return 'agent_limit_reached';
  if (terminalReason.startsWith('aborted_')) return 'agent_killed';
  if (['image_error', 'blocking_limit', 'prompt_too_long'].includes(terminalReason)) return 'prompt_too_long';
  return toErrorCode(apiErrorStatus || null, text);
}

function toErrorCode(status: number | null, text: string): ErrorCode {
  const byStatus = status === null ? undefined : patterns.find((row) => row.status?.includes(status));
  return (byStatus ?? patterns.find((row) => row.text.test(text)))?.code ?? 'agent_failed';
}

/** The failure of a message that was typed in a terminal, which prints no result; null if it was answered. */
export function toTerminalFailure({
  error,
  isInterrupted,
}: {
  error: string | null;
  isInterrupted: boolean;
}): { code: ErrorCode; detail: string } | null {
  if (isInterrupted) return { code: 'agent_killed', detail: 'It was interrupted at the terminal.' };
  if (error === null) return null;
  const status = /^API Error:? \(?(\d{3})\b/.exec(error)?.[1];
  return { code: toErrorCode(status ? Number(status) : null, error), detail: describeExit(error) };
}

/** The end of a run that exited without a result line: the reason is on standard error, if anywhere. */
export function fromExit(exit: { code: number | null; signal: string | null; stderr: string }): RunEnd {
  const stderr = exit.stderr.trim();
  const { code, signal } = exit;
  const failure = (error: ErrorCode, detail: string): RunEnd => ({
    kind: 'failure',
    code: error,
    detail: describeExit(detail),
    cost: null,
    exit: { code, signal },
  });
  if (/No conversation found/i.test(stderr)) return failure('session_not_found', stderr);
  if (/Session ID .{1,200} is already in use/i.test(stderr)) return failure('session_busy', stderr);
  if (patterns[0]?.text.test(stderr)) return failure('not_logged_in', stderr);
  const killedBy = exit.signal ?? toSignal(exit.code);
  if (killedBy)
    return failure(
      'agent_killed',
      `claude was ended by ${killedBy} before it answered.${stderr ? ` It said: ${stderr}` : ''}`,
    );
  return failure('agent_failed', stderr || `claude ended with exit code ${exit.code} and printed no result.`);
}

/** The signal that an exit code above 128 means. */
function toSignal(code: number | null): string | null {
  const names: Record<number, string> = { 129: 'SIGHUP', 130: 'SIGINT', 137: 'SIGKILL', 143: 'SIGTERM' };
  return code === null ? null : (names[code] ?? null);
}

const describeExit = (text: string) => truncateText(text.trim() || 'claude gave no reason.', 2000).text;
