import type { ErrorRow } from './error-row.ts';
import { attachmentLimits, maxMessageBytes, megabytes } from './limits.ts';

/** The errors that the client can fix (4xx), sorted by status and code. */
export const clientErrors = {
  address_not_allowed: {
    status: 400,
    title: 'The address belongs to this machine or a private network',
    hint: 'Use a public address, or set PUSH_PRIVATE_ADDRESSES=true if this is intended.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON',
    hint: 'Send one JSON object. In a shell, put the body in single quotes or use jq to build it.',
  },
  invalid_request: {
    status: 400,
    title: 'The request is invalid',
    hint: 'Correct the field that the detail names; GET /api/openapi.json describes every field.',
  },
  not_signed_in: {
    status: 401,
    title: 'Credentials are required',
    hint: 'Use Basic (curl -u user:password), a Bearer token, or sign in on the page.',
  },
  wrong_credentials: {
    status: 401,
    title: 'Invalid credentials',
    hint: 'The server prints the user name and where to find the password when it starts.',
  },
  budget_reached: {
    status: 402,
    title: 'The budget is used up',
    hint: 'Raise max_cost_usd of the conversation (PATCH) or BUDGET_DAY_USD, then send the message again.',
  },
  host_not_allowed: {
    status: 403,
    title: 'The Host header does not name this server',
    hint: 'Use localhost or the tunnel address, or add the name to ALLOWED_HOSTS.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'The request comes from another web page',
    hint: 'Browsers may call this API only from its own page. A proxy must forward the Host header, or ALLOWED_HOSTS must name the whole origin (https://desk.example.org).',
  },
  project_not_allowed: {
    status: 403,
    title: 'The project is outside the allowed folders',
    hint: 'Choose a folder under PROJECT_ROOTS, or add its parent to PROJECT_ROOTS.',
  },
  action_not_found: {
    status: 404,
    title: 'This button was already used or has expired',
    hint: 'Open the conversation to see what is waiting for you.',
  },
  conversation_not_found: {
    status: 404,
    title: 'No such conversation',
    hint: 'GET /api/conversations lists them; POST /api/chat creates one by its name.',
  },
  credential_not_found: {
    status: 404,
    title: 'No such sign-in or token',
    hint: 'GET /api/credentials lists them; it may already be revoked.',
  },
  device_not_found: { status: 404, title: 'No such device', hint: 'GET /api/push lists them.' },
  host_not_found: { status: 404, title: 'No such host', hint: 'Use `local` for the machine of this server.' },
  pairing_not_found: {
    status: 404,
    title: 'The link was already used or has expired',
    hint: 'Create a new one in the settings of a browser that is signed in.',
  },
  prompt_not_found: {
    status: 404,
    title: 'No such prompt',
    hint: 'GET /api/prompts lists the open ones.',
  },
  record_not_found: {
    status: 404,
    title: 'No such session record',
    hint: 'GET /api/archive lists them; ?hidden=true includes hidden ones.',
  },
  route_not_found: {
    status: 404,
    title: 'No such route',
    hint: 'GET /api/openapi.json lists every route.',
  },
  rule_not_found: {
    status: 404,
    title: 'No such rule',
    hint: 'GET /api/rules lists them; it may already be revoked.',
  },
  session_not_found: {
    status: 404,
    title: 'The agent has no such session',
    hint: 'Its transcript was removed or never written. GET /api/hosts/local/sessions lists all sessions; POST /api/reset?conv_id=… starts a new one.',
  },
  task_not_found: {
    status: 404,
    title: 'No such background task',
    hint: 'It has ended, or belongs to another conversation; the snapshot of the conversation lists running tasks.',
  },
  turn_not_found: {
    status: 404,
    title: 'No such turn',
    hint: 'Use the turn_id from the answer to your message.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The route does not accept this method',
    hint: 'The Allow header lists the methods that it accepts.',
  },
  background_busy: {
    status: 409,
    title: 'Background work of the conversation is still running',
    hint: 'This message needs a separate process (other tools, arguments or a json_schema). Wait for the background work to end, or stop it.',
  },
  conversation_busy: {
    status: 409,
    title: 'A turn of the conversation is running or queued',
    hint: 'Wait for it or stop it (POST /api/turns/:id/cancel), then try again.',
  },
  conversation_exists: {
    status: 409,
    title: 'A conversation with this id exists',
    hint: 'Choose another id, or change the existing one with PATCH.',
  },
  files_changed: {
    status: 409,
    title: 'Files have changed since the turn',
    hint: 'Nothing was changed. Undo the other files by naming them in `files`, or undo later turns first.',
  },
  nothing_to_fork: {
    status: 409,
    title: 'There is nothing to fork yet',
    hint: 'Fork a conversation after its first turn has ended, or at a turn of its current session.',
  },
  nothing_to_undo: {
    status: 409,
    title: 'There is nothing to undo',
    hint: 'Undo works in git repositories only, for the last 100 turns of each; ignored files are not tracked.',
  },
  project_mismatch: {
    status: 409,
    title: 'The conversation belongs to another folder',
    hint: 'A session continues in its own folder only. Use another conv_id, or reset the conversation first.',
  },
  prompt_answered: {
    status: 409,
    title: 'Somebody already answered this prompt differently',
    hint: 'The first answer counts; GET /api/audit shows who gave it.',
  },
  prompt_changed: {
    status: 409,
    title: 'A path in this prompt leads elsewhere now',
    hint: 'Nothing was allowed. A link was changed after the prompt was shown: read the prompt again, with its risks, and answer it then.',
  },
  session_ambiguous: {
    status: 409,
    title: 'Several sessions match this id',
    hint: 'Use a longer prefix; `candidates` lists the matches.',
  },
  session_busy: {
    status: 409,
    title: 'The session is open in another program',
    hint: 'Write to it there (POST …/sessions/:id/send, if Switchboard started its terminal), continue in a copy (`fork` with its `session_id`), or close it there (/exit) and send the message again.',
  },
  terminal_not_ours: {
    status: 409,
    title: 'The session is not running in a Switchboard terminal',
    hint: 'Only terminals that Switchboard started can be read, typed into and ended. POST …/sessions/:id/resume opens a closed session in one.',
  },
  terminal_waits: {
    status: 409,
    title: 'The terminal is waiting for an answer',
    hint: 'Nothing was typed. Answer the question in the terminal (see `command` of the session), or interrupt it.',
  },
  turn_cancelled: {
    status: 409,
    title: 'The turn was stopped',
    hint: 'The history has what was produced. Send the message again if you still want it done.',
  },
  turn_not_queued: {
    status: 409,
    title: 'The turn is no longer queued',
    hint: 'Stop a running turn (POST /api/turns/:id/cancel), or steer it (a new message with "steer": true).',
  },
  undo_incomplete: {
    status: 409,
    title: 'Some files were not restored',
    hint: 'The detail names each file and the reason. Fix that and send the same request again; files that were restored stay restored.',
  },
  attachment_lost: {
    status: 410,
    title: 'An attachment is missing or was changed',
    hint: 'Send the message again with its files.',
  },
  prompt_withdrawn: {
    status: 410,
    title: 'This prompt is no longer open',
    hint: 'Its turn ended or was stopped, or the server was restarted. Send a new message to continue.',
  },
  attachment_too_large: {
    status: 413,
    title: 'The attachments are too large or too many',
    hint: `A message may have ${attachmentLimits.files} files of ${megabytes(attachmentLimits.bytes)} MB in total, and an image ${megabytes(attachmentLimits.imageBytes)} MB. Put larger files into the project and name them.`,
  },
  message_too_large: {
    status: 413,
    title: 'The message is too large',
    hint: `A message may have ${megabytes(maxMessageBytes)} MB. Put large material into a file of the project and name it.`,
  },
  prompt_too_long: {
    status: 413,
    title: 'The prompt is too long for the model',
    hint: 'Shorten the message, send /compact, or reset the conversation.',
  },
  attachment_refused: {
    status: 415,
    title: "The attachment's content does not match its type",
    hint: 'Name the media type of its content (or none), and give each file a plain name.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The body has the wrong content type',
    hint: 'Send Content-Type: application/json (or multipart/form-data if the route accepts files).',
  },
  command_refused: {
    status: 422,
    title: 'This command is not available here',
    hint: 'Run it in a terminal, or send it as text with "literal": true.',
  },
  idempotency_mismatch: {
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    hint: 'Use a new key for a new message; the same key only repeats the same request.',
  },
  project_not_found: {
    status: 422,
    title: 'The project folder does not exist',
    hint: 'Name an existing folder, or create it on the machine first.',
  },
  queue_full: {
    status: 429,
    title: 'Too many turns are queued',
    hint: 'Wait for some to end; MAX_QUEUED_TURNS sets the limit.',
  },
  too_many_logins: {
    status: 429,
    title: 'Too many wrong passwords',
    hint: 'Wait for the time in Retry-After. Existing sign-ins and tokens keep working.',
  },
} as const satisfies Record<string, ErrorRow>;
