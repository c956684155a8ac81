import { type Block, toBlocks } from '../../transcript/message-part.ts';
import { asText, figure } from '../../transcript/plain-value.ts';

/** What every line of the CLI can carry. */
type Base = {
  /** The session that the process has now; /clear changes it. */
  sessionId: string | null;
  permissionMode: string | null;
};

export type TaskKind = 'shell' | 'agent' | 'other';

export type TaskRow = { taskId: string; kind: TaskKind; description: string };

/** The start of a turn. */
export type InitLine = Base & {
  type: 'init';
  /** The CLI reports by `command_lifecycle` which message it works on (since 2.1.329). */
  tracksMessages: boolean;
};
export type TaskStartedLine = Base & {
  type: 'task_started';
  runId: string;
  toolId: string;
  kind: TaskKind;
  isBackgrounded: boolean;
};
export type TaskProgressLine = Base & { type: 'task_progress'; taskId: string; description: string };
export type TaskNotificationLine = Base & {
  type: 'task_notification';
  taskId: string;
  runId: string;
  status: string;
  summary: string;
};
/** All background work that runs now. */
export type BackgroundTasksLine = Base & { type: 'background_tasks_changed'; tasks: TaskRow[] };
export type StateLine = Base & { type: 'session_state_changed'; state: string };
export type RetryLine = Base & { type: 'api_retry'; reason: string; attempt: number };
export type WritesLostLine = Base & { type: 'session_writes_lost'; errorCode: string };
export type LifecycleLine = Base & { type: 'command_lifecycle'; messageId: string; state: string };

/** One line has one block of a message; those of one message share its id. */
export type AssistantLine = Base & {
  type: 'assistant';
  messageId: string;
  content: Block[];
  parentToolId: string | null;
  /** The text is the error of a failed request, not the model's. */
  isApiError: boolean;
};
/** Why the CLI did not run a tool, if it says so. */
export type ToolResultMeta = { toolId: string; nonExecutionKind: unknown; decision: unknown };
export type UserLine = Base & {
  type: 'user';
  content: Block[];
  resultMeta: ToolResultMeta[];
  parentToolId: string | null;
};

type StreamDelta =
  | { type: 'text' | 'thinking'; text: string }
  | { type: 'usage'; usage: Record<string, unknown> };
export type StreamLine = Base & {
  type: 'stream_event';
  parentToolId: string | null;
  /** The stream was cut: what it brought so far is sent again. */
  isAbandoned: boolean;
  delta: StreamDelta | null;
};

type ModelUsage = { tokensRead: number; contextWindow: number };
/** The end of a turn. */
export type ResultLine = Base & {
  type: 'result';
  subtype: string;
  isError: boolean;
  text: string;
  totalCostUsd: number | null;
  /** The cost counts over the session and its resumes (2.1.329), not over the process (2.1.197). */
  countsSession: boolean;
  turns: number;
  durationMs: number;
  usage: unknown;
  permissionDenials: unknown;
  structuredOutput: unknown;
  apiErrorStatus: number | null;
  terminalReason: string;
  /** What the turn answered, if not a message. */
  origin: { kind: string; runId: string } | null;
  /** The messages that it answers; null if the CLI does not say. */
  messageIds: string[] | null;
  models: ModelUsage[];
};

/** What the CLI asks of us. */
export type ControlRequest =
  | {
      subtype: 'can_use_tool';
      tool: string;
      toolId: string | null;
      input: Record<string, unknown>;
      reason: string | null;
    }
  | { subtype: 'hook_callback'; tool: string; toolId: string | null }
  | { subtype: 'unsupported'; toolId: null; name: string };
export type ControlRequestLine = Base & {
  type: 'control_request';
  requestId: string;
  request: ControlRequest;
};
export type ControlResponseLine = Base & {
  type: 'control_response';
  requestId: string;
  /** Null if the request succeeded. */
  error: string | null;
  response: Record<string, unknown>;
};
/** The CLI no longer waits for the answer to a request. */
export type ControlCancelLine = Base & { type: 'control_cancel_request'; requestId: string };

/** A line of a type that is not used here, or that is not a JSON object. */
export type UnknownLine = Base & { type: 'unknown' };

/** A line of the CLI's output (`stream-json`; `json` has the last line alone), as far as it is used here. */
export type CliLine =
  | InitLine
  | TaskStartedLine
  | TaskProgressLine
  | TaskNotificationLine
  | BackgroundTasksLine
  | StateLine
  | RetryLine
  | WritesLostLine
  | LifecycleLine
  | AssistantLine
  | UserLine
  | StreamLine
  | ResultLine
  | ControlRequestLine
  | ControlResponseLine
  | ControlCancelLine
  | UnknownLine;

type Raw = Record<string, unknown>;

const isRecord = (value: unknown): value is Raw =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const asRecord = (value: unknown): Raw => (isRecord(value) ? value : {});
const asRecords = (value: unknown): Raw[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const asOptionalText = (value: unknown): string | null => asText(value) || null;
const asOptionalNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

/**
 * Reads a parsed line. Never throws: a missing or odd field has the value of none, and a line that is not known is
 * `unknown`. A line is known by its `type`: the order of keys differs by version.
 */
export function parseCliLine(value: unknown): CliLine {
  const raw = asRecord(value);
  const base: Base = {
    sessionId: typeof raw['session_id'] === 'string' ? asOptionalText(raw['session_id']) : null,
    permissionMode: typeof raw['permissionMode'] === 'string' ? raw['permissionMode'] : null,
  };
  const kind = raw['type'] === 'system' ? raw['subtype'] : raw['type'];
  const parse = typeof kind === 'string' && Object.hasOwn(parsers, kind) ? parsers[kind] : undefined;
  const isSystem = typeof kind === 'string' && systemKinds.has(kind);
  if (!parse || isSystem !== (raw['type'] === 'system')) return { ...base, type: 'unknown' };
  return { ...base, ...parse(raw) };
}

type Fields<T extends CliLine = CliLine> = T extends CliLine ? Omit<T, keyof Base> : never;

const parsers: Record<string, (raw: Raw) => Fields> = {
  init: (raw) => ({
    type: 'init',
    tracksMessages: Array.isArray(raw['capabilities']) && raw['capabilities'].includes('msg_lifecycle_v1'),
  }),
  task_started: (raw) => ({
    type: 'task_started',
    runId: asText(raw['run_id']),
    toolId: asText(raw['tool_use_id']),
    kind: toTaskKind(raw['task_type']),
    isBackgrounded: Boolean(raw['is_backgrounded']),
  }),
  task_progress: (raw) => ({
    type: 'task_progress',
    taskId: asText(raw['task_id']),
    description: asText(raw['description']),
  }),
  task_notification: (raw) => ({
    type: 'task_notification',
    taskId: asText(raw['task_id']),
    runId: asText(raw['run_id']),
    status: asText(raw['status']),
    summary: asText(raw['summary']),
  }),
  background_tasks_changed: (raw) =>
    Array.isArray(raw['tasks'])
      ? { type: 'background_tasks_changed', tasks: asRecords(raw['tasks']).map(toTaskRow) }
      : { type: 'unknown' },
  session_state_changed: (raw) => ({ type: 'session_state_changed', state: asText(raw['state']) }),
  api_retry: (raw) => ({
    type: 'api_retry',
    reason: asText(raw['error'] ?? raw['error_status'] ?? 'connection lost'),
    attempt: figure(raw['attempt'], 1),
  }),
  session_writes_lost: (raw) => ({ type: 'session_writes_lost', errorCode: asText(raw['error_code']) }),
  command_lifecycle: (raw) => ({
    type: 'command_lifecycle',
    messageId: asText(raw['command_uuid']),
    state: asText(raw['state']),
  }),
  assistant: (raw) => ({
    type: 'assistant',
    messageId: asText(asRecord(raw['message'])['id']),
    content: toBlocks(asRecord(raw['message'])['content']),
    parentToolId: asOptionalText(raw['parent_tool_use_id']),
    isApiError: Boolean(raw['error'] || raw['is_api_error_message']),
  }),
  user: (raw) => ({
    type: 'user',
    content: toBlocks(asRecord(raw['message'])['content']),
    resultMeta: asRecords(raw['tool_result_meta']).map((meta) => ({
      toolId: asText(meta['id']),
      nonExecutionKind: meta['non_execution_kind'],
      decision: meta['permission_decision'],
    })),
    parentToolId: asOptionalText(raw['parent_tool_use_id']),
  }),
  stream_event: (raw) => ({
    type: 'stream_event',
    parentToolId: asOptionalText(raw['parent_tool_use_id']),
    isAbandoned: Boolean(raw['abandoned_blocks']),
    delta: parseDelta(asRecord(raw['event'])),
  }),
  result: parseResult,
  control_request: (raw) => ({
    type: 'control_request',
    requestId: asText(raw['request_id']),
    request: parseRequest(asRecord(raw['request'])),
  }),
  control_response: (raw) => {
    const { request_id, subtype, error, response } = asRecord(raw['response']);
    return {
      type: 'control_response',
      requestId: asText(request_id),
      error: subtype === 'success' ? null : asText(error ?? 'refused'),
      response: asRecord(response),
    };
  },
  control_cancel_request: (raw) => ({
    type: 'control_cancel_request',
    requestId: asText(raw['request_id']),
  }),
};

/** Of these the CLI writes the name as the `subtype` of a `system` line. */
const systemKinds: ReadonlySet<string> = new Set([
  'init',
  'task_started',
  'task_progress',
  'task_notification',
  'background_tasks_changed',
  'session_state_changed',
  'api_retry',
  'session_writes_lost',
]);

function toTaskKind(value: unknown): TaskKind {
  const type = asText(value);
  if (/bash|shell/.test(type)) return 'shell';
  return /agent|workflow/.test(type) ? 'agent' : 'other';
}

const toTaskRow = (raw: Raw): TaskRow => ({
  taskId: asText(raw['task_id']),
  kind: toTaskKind(raw['task_type']),
  description: asText(raw['description']),
});

function parseDelta(event: Raw): StreamDelta | null {
  if (event['type'] === 'message_delta')
    return isRecord(event['usage']) ? { type: 'usage', usage: event['usage'] } : null;
  if (event['type'] !== 'content_block_delta') return null;
  const delta = asRecord(event['delta']);
  if (delta['type'] === 'text_delta' && delta['text']) return { type: 'text', text: asText(delta['text']) };
  if (delta['type'] === 'thinking_delta' && delta['thinking'])
    return { type: 'thinking', text: asText(delta['thinking']) };
  return null;
}

function parseResult(raw: Raw): Fields<ResultLine> {
  const errors = [raw['errors'] ?? []].flat().map((error) => asText(error));
  const origin = raw['origin'];
  return {
    type: 'result',
    subtype: asText(raw['subtype']),
    isError: raw['is_error'] === true,
    text: typeof raw['result'] === 'string' ? asText(raw['result']) : errors.join('\n'),
    totalCostUsd: asOptionalNumber(raw['total_cost_usd']),
    countsSession: raw['subagent_stats'] !== undefined,
    turns: Math.round(figure(raw['num_turns'])),
    durationMs: figure(raw['duration_ms']),
    usage: raw['usage'],
    permissionDenials: raw['permission_denials'],
    structuredOutput: raw['structured_output'],
    apiErrorStatus: asOptionalNumber(raw['api_error_status']),
    terminalReason: asText(raw['terminal_reason']),
    origin: isRecord(origin) ? { kind: asText(origin['kind']), runId: asText(origin['runId']) } : null,
    messageIds: Array.isArray(raw['user_message_uuids'])
      ? raw['user_message_uuids'].map((id) => asText(id))
      : null,
    models: asRecords(Object.values(asRecord(raw['modelUsage']))).map((model) => ({
      tokensRead: figure(model['inputTokens']) + figure(model['cacheReadInputTokens']),
      contextWindow: figure(model['contextWindow']),
    })),
  };
}

function parseRequest(raw: Raw): ControlRequest {
  const toolId = typeof raw['tool_use_id'] === 'string' ? raw['tool_use_id'] : null;
  if (raw['subtype'] === 'can_use_tool') {
    const reason = raw['decision_reason'] ?? raw['description'];
    return {
      subtype: 'can_use_tool',
      tool: asText(raw['tool_name']),
      toolId,
      input: asRecord(raw['input']),
      reason: typeof reason === 'string' ? reason || null : null,
    };
  }
  if (raw['subtype'] === 'hook_callback')
    return {
      subtype: 'hook_callback',
      toolId,
      tool: asText(asRecord(raw['input'])['tool_name'] ?? 'a tool'),
    };
  return { subtype: 'unsupported', toolId: null, name: asText(raw['subtype']) };
}

/** A line that we write to the CLI. */
export type CliInput =
  | {
      type: 'user';
      uuid: string;
      message: { role: 'user'; content: string | object[] };
      parent_tool_use_id: null;
    }
  | { type: 'control_request'; request_id: string; request: { subtype: string } & Record<string, unknown> }
  | {
      type: 'control_response';
      response:
        | { subtype: 'success'; request_id: string; response: object }
        | { subtype: 'error'; request_id: string; error: string };
    };
