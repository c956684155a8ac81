import type { ErrorCode } from '../../../contract/error.ts';
import { asText, figure } from '../../transcript/plain-value.ts';
import { truncateText } from '../../transcript/truncate.ts';
import type { RunEnd } from '../port.ts';

/** The CLI's `result` line, as far as it is used here. */
export type ResultLine = {
  type: 'result';
  subtype?: string;
  is_error?: boolean;
  result?: string;
  errors?: string[];
  session_id?: string;
  total_cost_usd?: number;
  num_turns?: number;
  duration_ms?: number;
  usage?: Record<string, unknown>;
  permission_denials?: unknown[];
  api_error_status?: number | null;
  terminal_reason?: string;
  origin?: { kind?: string; runId?: string };
  subagent_stats?: unknown;
  structured_output?: unknown;
  user_message_uuids?: string[];
  modelUsage?: Record<
    string,
    { inputTokens?: number; cacheReadInputTokens?: number; contextWindow?: number }
  >;
};

type Pattern = { code: ErrorCode; status?: readonly number[]; text: RegExp };

/** What the CLI says of a failed request, by the status of the API or its own words; the first that fits counts. */
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

/** What a result line came to, in a run that cost so much (USD). `is_error` decides: an API error has the subtype "success". */
export function fromResult(line: ResultLine, cost: number, sessionId: string): RunEnd {
  const errors = [line.errors ?? []].flat().map((error) => asText(error));
  const text = typeof line.result === 'string' ? asText(line.result) : errors.join('\n');
  if (line.is_error === true)
    return { kind: 'failure', code: failureCode(line, text), detail: describeExit(text), cost };
  return {
    kind: 'answer',
    response: text,
    sessionId: asText(line.session_id, sessionId) || sessionId,
    cost,
    totalCost: figure(line.total_cost_usd),
    turns: Math.round(figure(line.num_turns)),
    durationMs: figure(line.duration_ms),
    usage: boundedRecord(line.usage),
    permissionDenials: boundedList(line.permission_denials),
    ...(isBounded(line.structured_output) ? { structuredOutput: line.structured_output } : {}),
    contextWindow: contextWindow(line),
  };
}

/**
 * What a result adds to what the process had counted at its last one (null before the first). 2.1.329 counts
 * over the session and its resumes, which had cost `sessionBefore`; 2.1.197, which has no such statistics,
 * over the process. After /clear the figure begins anew.
 */
export function costSince(line: ResultLine, counted: number | null, sessionBefore: number): number {
  const before = counted ?? (line.subagent_stats === undefined ? 0 : sessionBefore);
  const total = figure(line.total_cost_usd, before);
  return total >= before ? total - before : total;
}

/** The context window of the model that read the most. */
function contextWindow({ modelUsage = {} }: ResultLine): number | null {
  const models = Object.values(modelUsage ?? {}).filter((model) => model && typeof model === 'object');
  const read = (model: (typeof models)[number]) =>
    figure(model.inputTokens) + figure(model.cacheReadInputTokens);
  return figure(models.sort((a, b) => read(b) - read(a))[0]?.contextWindow) || null;
}

function failureCode(line: ResultLine, text: string): ErrorCode {
  if (line.subtype === 'error_max_turns' || line.subtype === 'error_max_budget_usd')
    return 'agent_limit_reached';
  const reason = asText(line.terminal_reason);
  if (reason.startsWith('aborted_')) return 'agent_killed';
  if (['image_error', 'blocking_limit', 'prompt_too_long'].includes(reason)) return 'prompt_too_long';
  return toErrorCode(figure(line.api_error_status) || null, text);
}

function toErrorCode(status: number | null, text: string): ErrorCode {
  const byStatus = status === null ? undefined : patterns.find((row) => row.status?.includes(status));
  return (byStatus ?? patterns.find((row) => row.text.test(text)))?.code ?? 'agent_failed';
}

/** What became of a message that was typed in a terminal, which prints no result; null where it was answered. */
export function terminalFailure({
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

/** What an exit without a result line came to: the reason is on standard error, if anywhere. */
export function fromExit(exit: { code: number | null; signal: string | null; stderr: string }): RunEnd {
  const said = exit.stderr.trim();
  const { code, signal } = exit;
  const failure = (error: ErrorCode, detail: string): RunEnd => ({
    kind: 'failure',
    code: error,
    detail: describeExit(detail),
    cost: null,
    exit: { code, signal },
  });
  if (/No conversation found/i.test(said)) return failure('session_not_found', said);
  if (/Session ID .{1,200} is already in use/i.test(said)) return failure('session_busy', said);
  if (patterns[0]?.text.test(said)) return failure('not_logged_in', said);
  const killedBy = exit.signal ?? toSignal(exit.code);
  if (killedBy)
    return failure(
      'agent_killed',
      `claude was ended by ${killedBy} before it answered.${said ? ` It said: ${said}` : ''}`,
    );
  return failure('agent_failed', said || `claude ended with exit code ${exit.code} and printed no result.`);
}

/** The signal that an exit code above 128 stands for. */
function toSignal(code: number | null): string | null {
  const names: Record<number, string> = { 129: 'SIGHUP', 130: 'SIGINT', 137: 'SIGKILL', 143: 'SIGTERM' };
  return code === null ? null : (names[code] ?? null);
}

const maxBounded = 256_000;

/** Whether a value of the CLI's can be handed on as it is: neither too large nor too deep to be written. */
function isBounded(value: unknown): boolean {
  try {
    return value !== undefined && JSON.stringify(value).length <= maxBounded;
  } catch {
    return false;
  }
}

/** A record of the CLI's; an empty one in place of anything else. */
export function boundedRecord(value: unknown): Record<string, unknown> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord && isBounded(value) ? (value as Record<string, unknown>) : {};
}

function boundedList(value: unknown): unknown[] {
  return Array.isArray(value) && isBounded(value) ? value : [];
}

const describeExit = (text: string) => truncateText(text.trim() || 'claude gave no reason.', 2000).text;
