import type { ErrorCode } from './error.ts';

/**
 * One route of the HTTP API. `path` has Express's `:name` parameters. `errors` are those that the
 * route adds to the ones that any route can answer with (see `commonErrors`).
 */
export type Route = {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  path: string;
  summary: string;
  /** The group in the documentation. */
  tag: 'chat' | 'conversations' | 'turns' | 'prompts' | 'events' | 'push' | 'access' | 'service';
  /** True where no credentials are needed. */
  open?: boolean;
  /** The status of success; 200 where it is left out. */
  status?: 201 | 202;
  /** Media types of the answer besides JSON. */
  streams?: readonly ('text/event-stream' | 'text/plain' | 'text/markdown')[];
  /** Whether files may come with it as multipart/form-data. */
  takesFiles?: true;
  /** Whether it takes an Idempotency-Key. */
  takesKey?: true;
  errors: readonly ErrorCode[];
};

const accepting = [
  'project_not_found',
  'project_not_allowed',
  'project_mismatch',
  'session_not_found',
  'message_too_large',
  'command_refused',
  'attachment_refused',
  'attachment_too_large',
  'budget_reached',
  'idempotency_mismatch',
  'queue_full',
  'shutting_down',
] as const satisfies readonly ErrorCode[];

/** How a turn can end without an answer. */
const ending = [
  'agent_failed',
  'agent_killed',
  'agent_limit_reached',
  'agent_not_found',
  'agent_stalled',
  'background_busy',
  'model_overloaded',
  'model_rate_limited',
  'model_unavailable',
  'model_unreachable',
  'not_logged_in',
  'prompt_too_long',
  'session_busy',
  'turn_cancelled',
  'turn_interrupted',
  'turn_timed_out',
] as const satisfies readonly ErrorCode[];

/** The errors that any route under /api can answer with. */
export const commonErrors = [
  'invalid_request',
  'invalid_json',
  'not_signed_in',
  'wrong_credentials',
  'too_many_logins',
  'host_not_allowed',
  'origin_not_allowed',
  'method_not_allowed',
  'route_not_found',
  'unsupported_media_type',
  'storage_unavailable',
  'internal',
] as const satisfies readonly ErrorCode[];

/** The route table: validation, OpenAPI, the page's client and docs/api.md are made from it. */
export const routes = {
  health: { method: 'GET', path: '/health', tag: 'service', open: true, summary: 'Whether the server is up', errors: [] },
  status: {
    method: 'GET',
    path: '/api/status',
    tag: 'service',
    summary: 'Whether claude is found and signed in, the tunnel, running and queued turns, limits',
    errors: [],
  },
  metrics: { method: 'GET', path: '/metrics', tag: 'service', summary: 'Figures for Prometheus, as its text format', errors: [] },
  openapi: { method: 'GET', path: '/api/openapi.json', tag: 'service', summary: 'This API as OpenAPI 3.1', errors: [] },
  chat: {
    method: 'POST',
    path: '/api/chat',
    tag: 'chat',
    summary: 'Send a message to a conversation and get its answer: as JSON, as events, or as plain text while it comes',
    streams: ['text/event-stream', 'text/plain'],
    takesFiles: true,
    takesKey: true,
    errors: [...accepting, ...ending],
  },
  reset: {
    method: 'POST',
    path: '/api/reset',
    tag: 'chat',
    summary: 'Forget the session of a conversation, so that the next message begins a new one; the transcript stays',
    errors: [],
  },
  sessions: { method: 'GET', path: '/api/sessions', tag: 'chat', summary: 'The mapping of conversations to sessions', errors: [] },
  listConversations: {
    method: 'GET',
    path: '/api/conversations',
    tag: 'conversations',
    summary: 'List the conversations, newest first',
    errors: [],
  },
  createConversation: {
    method: 'POST',
    path: '/api/conversations',
    tag: 'conversations',
    summary: 'Create a conversation, or take over an existing session as one',
    status: 201,
    errors: ['conversation_exists', 'project_not_found', 'project_not_allowed', 'project_mismatch', 'session_not_found'],
  },
  readConversation: {
    method: 'GET',
    path: '/api/conversations/:id',
    tag: 'conversations',
    summary: 'A snapshot: the running turn, the queue, the settings, and the cursor to follow from',
    errors: ['conversation_not_found'],
  },
  changeConversation: {
    method: 'PATCH',
    path: '/api/conversations/:id',
    tag: 'conversations',
    summary: 'Rename, archive, or change how its next turns run',
    errors: ['conversation_not_found', 'project_not_found', 'project_not_allowed', 'project_mismatch'],
  },
  deleteConversation: {
    method: 'DELETE',
    path: '/api/conversations/:id',
    tag: 'conversations',
    summary: 'Forget a conversation; its transcript stays',
    errors: ['conversation_not_found', 'conversation_busy'],
  },
  readMessages: {
    method: 'GET',
    path: '/api/conversations/:id/messages',
    tag: 'conversations',
    summary: 'A page of its history from the transcript: the newest without `before`, at most 256 KB',
    errors: ['conversation_not_found'],
  },
  warmConversation: {
    method: 'POST',
    path: '/api/conversations/:id/warm',
    tag: 'conversations',
    summary: 'Start its live process, so that the next answer begins at once',
    errors: [
      'conversation_not_found',
      'agent_not_found',
      'project_not_found',
      'project_not_allowed',
      'session_busy',
      'session_not_found',
      'shutting_down',
    ],
  },
  forkConversation: {
    method: 'POST',
    path: '/api/conversations/:id/fork',
    tag: 'conversations',
    summary: 'A new conversation from this one, whole or up to a turn; this one stays as it is',
    status: 201,
    errors: ['conversation_not_found', 'conversation_exists', 'turn_not_found', 'nothing_to_fork'],
  },
  readMenu: {
    method: 'GET',
    path: '/api/conversations/:id/menu',
    tag: 'conversations',
    summary: 'The commands and models that the agent reports; empty until a live process of it was open',
    errors: ['conversation_not_found'],
  },
  listFiles: {
    method: 'GET',
    path: '/api/conversations/:id/files',
    tag: 'conversations',
    summary: 'Files of its project whose path matches, best first; without what git ignores',
    errors: ['conversation_not_found', 'project_not_found'],
  },
  listFolders: {
    method: 'GET',
    path: '/api/folders',
    tag: 'conversations',
    summary: 'Folders an agent may work in: the roots, or those inside of a folder, and the projects that were used last',
    errors: ['project_not_found', 'project_not_allowed'],
  },
  exportConversation: {
    method: 'GET',
    path: '/api/conversations/:id/export',
    tag: 'conversations',
    summary: 'The whole conversation as a file, as Markdown or JSON',
    streams: ['text/markdown'],
    errors: ['conversation_not_found'],
  },
  stopBackground: {
    method: 'POST',
    path: '/api/conversations/:id/background/:task/stop',
    tag: 'conversations',
    summary: 'Stop a shell or sub-agent that runs in the background',
    errors: ['conversation_not_found', 'task_not_found'],
  },
  acceptTurn: {
    method: 'POST',
    path: '/api/conversations/:id/turns',
    tag: 'turns',
    summary: 'Accept a message and return at once; it is on disk when this answers',
    status: 202,
    takesFiles: true,
    takesKey: true,
    errors: accepting,
  },
  readTurn: {
    method: 'GET',
    path: '/api/turns/:id',
    tag: 'turns',
    summary: 'The state and result of a turn, waiting up to `wait_s` for its end, or until it waits for a person',
    errors: ['turn_not_found'],
  },
  changeTurn: {
    method: 'PATCH',
    path: '/api/turns/:id',
    tag: 'turns',
    summary: 'Change a message that still waits in the queue',
    errors: ['turn_not_found', 'turn_not_queued', 'message_too_large', 'command_refused', 'attachment_refused', 'attachment_too_large'],
  },
  deleteTurn: {
    method: 'DELETE',
    path: '/api/turns/:id',
    tag: 'turns',
    summary: 'Take a message back that still waits in the queue',
    errors: ['turn_not_found', 'turn_not_queued'],
  },
  promoteTurn: {
    method: 'POST',
    path: '/api/turns/:id/promote',
    tag: 'turns',
    summary: 'Put a message first in the queue of its conversation',
    errors: ['turn_not_found', 'turn_not_queued'],
  },
  cancelTurn: {
    method: 'POST',
    path: '/api/turns/:id/cancel',
    tag: 'turns',
    summary: 'Stop a running turn or remove a queued one; an ended one is answered as it is',
    errors: ['turn_not_found'],
  },
  listPrompts: {
    method: 'GET',
    path: '/api/prompts',
    tag: 'prompts',
    summary: 'What waits for a person, in all conversations: permissions, questions, plans, budgets',
    errors: [],
  },
  answerPrompt: {
    method: 'POST',
    path: '/api/prompts/:id',
    tag: 'prompts',
    summary: 'Answer a prompt; the same answer again is fine',
    errors: ['prompt_not_found', 'prompt_answered', 'prompt_withdrawn'],
  },
  listRules: { method: 'GET', path: '/api/rules', tag: 'prompts', summary: 'What is allowed without being asked about', errors: [] },
  revokeRule: { method: 'DELETE', path: '/api/rules/:id', tag: 'prompts', summary: 'Take an allowance back', errors: ['rule_not_found'] },
  audit: { method: 'GET', path: '/api/audit', tag: 'prompts', summary: 'Who answered what, when and from where, newest first', errors: [] },
  followConversation: {
    method: 'GET',
    path: '/api/conversations/:id/events',
    tag: 'events',
    summary: 'The events of one conversation; `Last-Event-ID` or `after` replays what came since',
    streams: ['text/event-stream'],
    errors: ['conversation_not_found'],
  },
  followAll: {
    method: 'GET',
    path: '/api/events',
    tag: 'events',
    summary: 'The events of all conversations; `Last-Event-ID` or `after` replays what came since',
    streams: ['text/event-stream'],
    errors: [],
  },
  readPush: {
    method: 'GET',
    path: '/api/push',
    tag: 'push',
    summary: 'The devices that are told, the settings, and what became of the newest notices',
    errors: [],
  },
  changePush: { method: 'PATCH', path: '/api/push', tag: 'push', summary: 'Change what is told, and when', errors: [] },
  addDevice: {
    method: 'POST',
    path: '/api/push/devices',
    tag: 'push',
    summary: 'Tell a browser, an ntfy topic or a webhook; the secret of a webhook is shown this once',
    status: 201,
    errors: ['address_not_allowed'],
  },
  removeDevice: { method: 'DELETE', path: '/api/push/devices/:id', tag: 'push', summary: 'Tell a device no more', errors: ['device_not_found'] },
  testDevice: {
    method: 'POST',
    path: '/api/push/devices/:id/test',
    tag: 'push',
    summary: 'Send a device a test, and say how far it came',
    errors: ['device_not_found'],
  },
  reportPush: {
    method: 'POST',
    path: '/api/push/receipts',
    tag: 'push',
    summary: 'What a device did with a notice',
    errors: [],
  },
  reportSeen: {
    method: 'POST',
    path: '/api/push/seen',
    tag: 'push',
    summary: 'What a visible page has just shown: no push is sent for it',
    errors: [],
  },
  pressAction: {
    method: 'POST',
    path: '/api/push/actions/:token',
    tag: 'push',
    open: true,
    summary: 'A button of a notification: answers the one prompt that its token is for, once',
    errors: ['action_not_found', 'prompt_not_found', 'prompt_answered', 'prompt_withdrawn'],
  },
  login: {
    method: 'POST',
    path: '/api/login',
    tag: 'access',
    open: true,
    summary: 'Sign a browser in: sets an HttpOnly, SameSite=Strict cookie',
    errors: ['wrong_credentials', 'too_many_logins'],
  },
  logout: { method: 'POST', path: '/api/logout', tag: 'access', summary: 'Revoke the cookie of this browser', errors: [] },
  logoutAll: {
    method: 'POST',
    path: '/api/logout/all',
    tag: 'access',
    summary: 'Revoke every sign-in of every browser, this one too; tokens where asked',
    errors: [],
  },
  createPairing: {
    method: 'POST',
    path: '/api/pairings',
    tag: 'access',
    summary: 'A link that signs another device in: once, within five minutes',
    status: 201,
    errors: [],
  },
  pair: {
    method: 'POST',
    path: '/api/pair',
    tag: 'access',
    open: true,
    summary: 'Sign a browser in by the code of such a link',
    errors: ['pairing_not_found'],
  },
  listCredentials: {
    method: 'GET',
    path: '/api/credentials',
    tag: 'access',
    summary: 'The browsers that are signed in, and the tokens',
    errors: [],
  },
  revokeCredential: {
    method: 'DELETE',
    path: '/api/credentials/:id',
    tag: 'access',
    summary: 'Revoke a sign-in or a token',
    errors: ['credential_not_found'],
  },
  createToken: {
    method: 'POST',
    path: '/api/tokens',
    tag: 'access',
    summary: 'Make a Bearer token for a script or another machine; it is shown this once',
    status: 201,
    errors: [],
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;
