/** One row of the error table: the HTTP status, a short title, and what a person can do about it. */
export type ErrorRow = { status: number; title: string; hint: string };

/**
 * Every error that Switchboard answers with, by its stable code. The HTTP status, the words of the
 * page, the OpenAPI document and docs/troubleshooting.md all come from here.
 */
export const errorTable = {
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    hint: 'Correct the field that the detail names; GET /api/openapi.json describes every field.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not JSON',
    hint: 'Send one JSON object. In a shell, put the body in single quotes or use jq to build it.',
  },
  not_signed_in: {
    status: 401,
    title: 'Credentials are needed',
    hint: 'Use Basic (curl -u user:password), a Bearer token, or sign in on the page.',
  },
  wrong_credentials: {
    status: 401,
    title: 'The credentials are not right',
    hint: 'The user name and the place of the password are printed when the server starts.',
  },
  budget_reached: {
    status: 402,
    title: 'The budget is used up',
    hint: 'Raise max_cost_usd of the conversation (PATCH) or BUDGET_DAY_USD, then send the message again.',
  },
  host_not_allowed: {
    status: 403,
    title: 'The Host header names a host that this server does not answer for',
    hint: 'Use localhost or the tunnel address, or add the name to ALLOWED_HOSTS.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'The request comes from another web page',
    hint: 'Only the page of this server may call its API from a browser. A proxy in front of it must pass the Host header on, or ALLOWED_HOSTS must name the whole origin (https://desk.example.org).',
  },
  project_not_allowed: {
    status: 403,
    title: 'The project is outside of the allowed folders',
    hint: 'Choose a folder under PROJECT_ROOTS, or add its parent to PROJECT_ROOTS.',
  },
  route_not_found: {
    status: 404,
    title: 'There is no such route',
    hint: 'GET /api/openapi.json lists every route.',
  },
  address_not_allowed: {
    status: 400,
    title: 'The address leads to this machine or into a private network',
    hint: 'Use a public address, or set PUSH_PRIVATE_ADDRESSES=true where that is meant.',
  },
  conversation_not_found: {
    status: 404,
    title: 'There is no such conversation',
    hint: 'GET /api/conversations lists them; POST /api/chat makes one by its name.',
  },
  pairing_not_found: {
    status: 404,
    title: 'The link was used already, or has expired',
    hint: 'Make a new one in the settings of a browser that is signed in.',
  },
  device_not_found: { status: 404, title: 'There is no such device', hint: 'GET /api/push lists them.' },
  action_not_found: {
    status: 404,
    title: 'This button has done its work, or is too old',
    hint: 'Open the conversation: it shows what waits for you.',
  },
  turn_not_found: {
    status: 404,
    title: 'There is no such turn',
    hint: 'Use the turn_id that the answer to your message carried.',
  },
  host_not_found: { status: 404, title: 'There is no such host', hint: 'Use `local` for the machine of this server.' },
  session_not_found: {
    status: 404,
    title: 'The agent has no such session',
    hint: 'Its transcript was removed or never written. GET /api/hosts/local/sessions lists all; POST /api/reset?conv_id=… begins a new one.',
  },
  session_ambiguous: {
    status: 409,
    title: 'Several sessions begin so',
    hint: 'Give more characters of the id; the detail names the sessions.',
  },
  prompt_not_found: {
    status: 404,
    title: 'There is no such prompt',
    hint: 'GET /api/prompts lists what waits for an answer.',
  },
  rule_not_found: {
    status: 404,
    title: 'There is no such rule',
    hint: 'GET /api/rules lists them; it may already be revoked.',
  },
  nothing_to_undo: {
    status: 409,
    title: 'There is nothing to undo',
    hint: 'Files are noted in git work trees alone, for the last 100 turns of each; what git ignores is not among them.',
  },
  record_not_found: {
    status: 404,
    title: 'There is no such record in the archive',
    hint: 'GET /api/archive lists them; ?hidden=true the hidden ones as well.',
  },
  tmux_not_found: {
    status: 503,
    title: 'tmux is not there',
    hint: 'Install tmux on the machine of the server (apt-get install tmux, brew install tmux).',
  },
  terminal_not_ours: {
    status: 409,
    title: 'The session is in no terminal of ours',
    hint: 'Only terminals that were started here can be read, typed into and ended: POST …/sessions/:id/resume opens an ended session in one.',
  },
  terminal_waits: {
    status: 409,
    title: 'The terminal shows a question',
    hint: 'Nothing was typed into it. Answer it at the terminal (see `command` of the session), or interrupt it.',
  },
  terminal_failed: {
    status: 502,
    title: 'The session did not come up in its terminal',
    hint: 'The detail has the last lines of the terminal. Correct what they name, then start it again.',
  },
  files_changed: {
    status: 409,
    title: 'Files have changed since',
    hint: 'Nothing was touched. Undo the others by naming them in `files`, or undo what came later first.',
  },
  undo_incomplete: {
    status: 409,
    title: 'Some files were not put back',
    hint: 'The detail names each file and why. Remove the reason and send the same request again: what is done already stays.',
  },
  task_not_found: {
    status: 404,
    title: 'There is no such background work',
    hint: 'It has ended, or belongs to another conversation; the snapshot of the conversation lists what runs.',
  },
  credential_not_found: {
    status: 404,
    title: 'There is no such sign-in or token',
    hint: 'GET /api/credentials lists what exists; it may already be revoked.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The route does not take this method',
    hint: 'The Allow header names the methods that it takes.',
  },
  conversation_exists: {
    status: 409,
    title: 'A conversation of this name exists',
    hint: 'Choose another id, or change the existing one with PATCH.',
  },
  conversation_busy: {
    status: 409,
    title: 'A turn of the conversation is running or queued',
    hint: 'Wait for it or stop it (POST /api/turns/:id/cancel), then try again.',
  },
  turn_not_queued: {
    status: 409,
    title: 'The turn no longer waits in the queue',
    hint: 'A running turn can be stopped (POST /api/turns/:id/cancel) or steered (a new message with "steer": true).',
  },
  prompt_answered: {
    status: 409,
    title: 'The prompt was answered otherwise',
    hint: 'The first answer counts; GET /api/audit says who gave it.',
  },
  nothing_to_fork: {
    status: 409,
    title: 'There is nothing to fork yet',
    hint: 'Fork a conversation after its first turn has ended, or at a turn of its present session.',
  },
  background_busy: {
    status: 409,
    title: 'Background work of the conversation still runs',
    hint: 'This message needs a process of its own (other tools, arguments or a json_schema). Wait for the work to end, or stop it.',
  },
  project_mismatch: {
    status: 409,
    title: 'The conversation belongs to another folder',
    hint: 'A session goes on in its own folder. Use another conv_id, or reset the conversation first.',
  },
  session_busy: {
    status: 409,
    title: 'The session is open in another program',
    hint: 'Write to it where it is open (POST …/sessions/:id/send, where its terminal was started here), go on in a copy (`fork` with its `session_id`), or leave it there (/exit) and send the message again.',
  },
  turn_cancelled: {
    status: 409,
    title: 'The turn was stopped before it ended',
    hint: 'Send the message again when you want it done; what was produced is in the history.',
  },
  prompt_withdrawn: {
    status: 410,
    title: 'Nobody waits for this answer any more',
    hint: 'Its turn ended or was stopped, or the server was restarted. Send a new message to go on.',
  },
  attachment_too_large: {
    status: 413,
    title: 'The attachments are too large or too many',
    hint: 'A message may have 20 files of 20 MB together, and 5 MB for one image. Put larger files into the project and name them.',
  },
  message_too_large: {
    status: 413,
    title: 'The message is too large',
    hint: 'A message may have 10,000,000 bytes. Put large material in a file of the project and name it.',
  },
  prompt_too_long: {
    status: 413,
    title: 'The model cannot take so long a prompt',
    hint: 'Shorten the message, send /compact, or reset the conversation.',
  },
  attachment_refused: {
    status: 415,
    title: 'An attachment is not what it says it is',
    hint: 'Name the media type that its content has (or none), and give each file a plain name.',
  },
  attachment_lost: {
    status: 410,
    title: 'A file that came with the message is gone or was changed',
    hint: 'Send the message again with its files.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body has the wrong content type',
    hint: 'Send Content-Type: application/json (or multipart/form-data where files are taken).',
  },
  project_not_found: {
    status: 422,
    title: 'The project folder does not exist',
    hint: 'Name an existing folder, or create it on the machine first.',
  },
  command_refused: {
    status: 422,
    title: 'This command makes no sense here',
    hint: 'Run it in a terminal, or send it as text with "literal": true.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    hint: 'Use a new key for a new message; the same key only repeats the same request.',
  },
  too_many_logins: {
    status: 429,
    title: 'Too many wrong passwords',
    hint: 'Wait as long as Retry-After says. Sign-ins and tokens that exist go on working.',
  },
  queue_full: {
    status: 429,
    title: 'Too many turns are waiting',
    hint: 'Wait for some to end; MAX_QUEUED_TURNS sets the limit.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong in Switchboard',
    hint: 'The log has the details under the request_id.',
  },
  agent_failed: {
    status: 502,
    title: 'The agent failed',
    hint: 'The detail is what the agent said. Sending the message again is safe.',
  },
  agent_killed: {
    status: 502,
    title: 'The agent was killed in the middle of the turn',
    hint: 'Look for lack of memory on the machine (journalctl -k); the conversation can go on.',
  },
  agent_limit_reached: {
    status: 502,
    title: 'The agent stopped at a limit that it was given',
    hint: 'Raise --max-turns or --max-budget-usd in the extra arguments, or send "go on".',
  },
  model_overloaded: {
    status: 502,
    title: 'The model is overloaded',
    hint: 'Try again in a minute; nothing is wrong on this machine.',
  },
  model_rate_limited: {
    status: 502,
    title: 'The account reached a rate or usage limit',
    hint: 'Wait for the limit to reset (/usage in a terminal shows it), or use another model.',
  },
  model_unavailable: {
    status: 502,
    title: 'The model does not exist or is not open to this account',
    hint: 'Choose another model for the conversation, or unset CLAUDE_MODEL.',
  },
  model_unreachable: {
    status: 502,
    title: 'The agent cannot reach the model service',
    hint: 'Check the network of the machine, proxies and ANTHROPIC_BASE_URL.',
  },
  turn_interrupted: {
    status: 502,
    title: 'The server stopped while the turn was running',
    hint: 'It was not repeated. What it produced is in the history; send the message again if needed.',
  },
  agent_not_found: {
    status: 503,
    title: 'The claude command was not found',
    hint: 'Install Claude Code on this machine, or set CLAUDE_BIN to its path.',
  },
  not_logged_in: {
    status: 503,
    title: 'Claude Code is not signed in',
    hint: 'Run `claude auth login` (or `claude setup-token`) on the machine, or set ANTHROPIC_API_KEY.',
  },
  machine_exhausted: {
    status: 503,
    title: 'The machine has no free file descriptors, processes or memory',
    hint:
      'With a turn_id the message is accepted and runs when there are some (GET /api/turns/:id): do not send it again. ' +
      'Close programs, or raise the limit (ulimit -n, LimitNOFILE).',
  },
  transcript_unreadable: {
    status: 503,
    title: 'The transcript of the session cannot be read',
    hint: 'Do what the detail says, then send the message again. A CLI that was run with sudo once leaves files of another user.',
  },
  storage_unavailable: {
    status: 503,
    title: 'The data folder cannot be used',
    hint: 'Do what the detail says: free disk space, make SESSIONS_DIR writable, bring its files back, or run `switchboard repair-store` (docs/data-folder.md). Accepted messages are kept and continue automatically.',
  },
  accepted_shutting_down: {
    status: 503,
    title: 'The message is accepted; the server is shutting down',
    hint: 'Do not send it again: it runs when the server is back. GET /api/turns/:id (its turn_id) has its answer then.',
  },
  shutting_down: {
    status: 503,
    title: 'The server is shutting down',
    hint: 'The message was not accepted. Send it again when the server is back.',
  },
  agent_stalled: {
    status: 504,
    title: 'The agent said nothing for too long',
    hint: 'STALL_S sets how long is too long. What was produced is in the history; send the message again.',
  },
  turn_timed_out: {
    status: 504,
    title: 'The turn ran out of time',
    hint: 'Raise timeout_s or CLAUDE_TIMEOUT_S; what was produced is in the history and the conversation goes on.',
  },
} as const satisfies Record<string, ErrorRow>;

/** A stable code of the error table. */
export type ErrorCode = keyof typeof errorTable;

export type Candidate = { id: string; project: string | null };

/** The `application/problem+json` body (RFC 9457) of every error; `error` repeats `detail` for old clients. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  hint: string;
  request_id?: string;
  field?: string;
  turn_id?: string;
  /** What the beginning of an id can stand for. */
  candidates?: Candidate[];
  success: false;
  error: string;
};

/** The `type` of a code's problem body. */
export const problemType = (code: string): string => `urn:switchboard:error:${code}`;

/** Builds the problem body of a code; `detail` defaults to the title. */
export function toProblem(code: ErrorCode, detail?: string, extra: Pick<Problem, 'request_id' | 'field' | 'turn_id' | 'candidates'> = {}): Problem {
  const row = errorTable[code];
  const text = detail || row.title;
  return {
    type: problemType(code),
    title: row.title,
    status: row.status,
    detail: text,
    code,
    hint: row.hint,
    ...extra,
    success: false,
    error: text,
  };
}
