import { z } from 'zod';
import { archiveEndpoints } from './archive-endpoint.ts';
import {
  BackgroundTask,
  Budget,
  ConversationSnapshot,
  ConversationSummary,
  MappingEntry,
} from './conversation.ts';
import {
  ChangeConversation,
  ConvId,
  CreateConversation,
  Effort,
  ModelName,
  PermissionMode,
  ProjectPath,
  SessionId,
} from './conversation-options.ts';
import { Event, ResetEvent } from './event.ts';
import { HistoryPage } from './message.ts';
import { AuditEntry, Prompt, PromptAnswer, PromptOutcome, Rule } from './prompt.ts';
import { AddDevice, Delivery, PushDevice, PushSettings } from './push.ts';
import { count, flag } from './query.ts';
import type { RouteName } from './route.ts';
import { sessionEndpoints } from './session-endpoint.ts';
import { ChatAnswer, TurnState, TurnSummary } from './turn.ts';
import { TurnChanges, Undone, UndoTurn } from './undo.ts';

/** The shapes of one route. A part that is left out takes nothing. */
export type Endpoint = {
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** Fields of the body that may hold NUL: what the model or a tool gets as it stands. Elsewhere NUL is refused. */
  keepsNul?: readonly string[] | 'all';
  response: z.ZodType;
};

/** The name of a conversation; empty and null are the same as none, since clients of the original API send that. */
const OptionalConvId = z.preprocess((id) => (id === null || id === '' ? undefined : id), ConvId.optional());

/** A message may have 10,000,000 bytes: the CLI refuses more than 10 MB on its standard input. */
export const maxMessageBytes = 10_000_000;

const Message = z.string().refine((text) => text.trim() !== '', 'must not be empty');
const TimeoutSeconds = z.number().positive().max(86_400);
const ConvParams = z.object({ id: ConvId });
const DeviceParams = z.object({ id: z.string().min(1).max(64) });
const TurnParams = z.object({ id: z.string().min(1).max(64) });

/** A field that may be left out; null is the same, since many clients send that. */
const optional = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((value) => value ?? undefined);

/** A file that goes with a message; as multipart/form-data each file is a part called `attachments`. */
const Attachment = z.object({
  name: z.string().min(1).max(255),
  media_type: z.string().max(255).optional().describe('what it is; checked against its content'),
  data: z.base64().describe('the content in base64'),
});

const SendMessage = z.object({
  message: Message,
  model: optional(ModelName),
  effort: optional(Effort),
  permission_mode: optional(PermissionMode),
  timeout_s: optional(TimeoutSeconds),
  literal: optional(z.boolean()).describe('send a message that begins with "/" as text'),
  attachments: optional(z.array(Attachment)).describe(
    'images, PDFs and text for the model; other files are put into the project',
  ),
  json_schema: optional(z.record(z.string(), z.unknown())).describe('a JSON Schema for `structured_output`'),
});

const AcceptTurn = SendMessage.extend({
  follow: optional(z.boolean()).describe(
    'its events are wanted as they happen, though nobody reads them yet',
  ),
  steer: optional(z.boolean()).describe(
    'give it to the running turn at its next step; where none can take it, it goes next',
  ),
  interrupt: optional(z.boolean()).describe('stop the running turn and go next'),
});

const ChatRequest = SendMessage.extend({
  conv_id: z.preprocess((id) => (id === null || id === '' ? undefined : id), ConvId.default('default')),
  session_id: z.preprocess((id) => id || undefined, SessionId.optional()),
  project: optional(ProjectPath),
  stream: optional(z.boolean()),
});

const Cursor = z.object({
  after: count(0, Number.MAX_SAFE_INTEGER).optional(),
  wait_s: z.coerce
    .number()
    .min(0)
    .max(300)
    .optional()
    .describe('answer as JSON, waiting up to that long for the first event'),
});

/** What the events are as JSON, with `wait_s`. */
const EventPage = z.object({
  events: z.array(z.union([Event, ResetEvent])),
  cursor: z.number().int().describe('pass it as ?after= for what comes next'),
});

const Credential = z.object({
  id: z.string(),
  kind: z.enum(['cookie', 'token']),
  label: z.string(),
  created_at: z.string(),
  last_used_at: z.string(),
  current: z.boolean().describe('whether this request used it'),
});

const Status = z.object({
  version: z.string(),
  started_at: z.string(),
  claude: z.object({
    found: z.boolean(),
    path: z.string().nullable(),
    version: z.string().nullable(),
    logged_in: z.boolean().nullable(),
    hint: z.string().nullable(),
  }),
  project: z.string(),
  host: z.string().describe('the address that it listens on'),
  tunnel: z.object({
    kind: z.enum(['none', 'ngrok']),
    state: z.enum(['off', 'connecting', 'open', 'failed']),
    url: z.string().nullable(),
    detail: z.string().nullable(),
  }),
  turns: z.object({ running: z.number().int(), queued: z.number().int() }),
  live: z.object({ open: z.number().int(), limit: z.number().int() }),
  prompts: z.number().int().describe('how many wait for a person'),
  budget_day: Budget.nullable().describe('BUDGET_DAY_USD and what today cost'),
  storage: z.object({
    writable: z.boolean(),
    detail: z.string().nullable(),
    // What was found damaged, lost or kept aside since the start, in words for a person.
    notes: z.array(z.object({ file: z.string(), text: z.string(), at: z.string() })),
  }),
  limits: z.object({
    max_concurrent_turns: z.number().int(),
    max_queued_turns: z.number().int(),
    timeout_s: z.number(),
    max_message_bytes: z.number().int(),
    max_attachments: z.number().int(),
    max_attachment_bytes: z.number().int().describe('of one message together'),
  }),
});

/** Joins each route to its shapes. Only the server and the command import this; a page imports its types. */
export const endpoints = {
  health: {
    response: z.object({
      status: z.literal('healthy'),
      service: z.literal('switchboard'),
      version: z.string(),
    }),
  },
  status: { response: Status },
  openapi: { response: z.looseObject({}) },
  metrics: { response: z.unknown() },
  chat: { body: ChatRequest, keepsNul: ['message'], response: ChatAnswer },
  reset: {
    query: z.object({
      conv_id: OptionalConvId.describe('`default` if neither the address nor the body names one'),
    }),
    body: z.object({ conv_id: OptionalConvId }),
    response: z.object({ message: z.string(), conv_id: z.string() }),
  },
  sessions: { response: z.record(z.string(), MappingEntry) },
  listConversations: {
    query: z.object({
      q: z.string().max(200).optional(),
      archived: flag.optional(),
      limit: count(1, 1000).default(200),
      cursor: count(0, Number.MAX_SAFE_INTEGER).default(0),
    }),
    response: z.object({
      conversations: z.array(ConversationSummary),
      total: z.number().int(),
      cursor: z.number().int().nullable().describe('pass it as ?cursor= for the next page'),
    }),
  },
  createConversation: { body: CreateConversation, response: ConversationSnapshot },
  readConversation: { params: ConvParams, response: ConversationSnapshot },
  changeConversation: { params: ConvParams, body: ChangeConversation, response: ConversationSnapshot },
  deleteConversation: { params: ConvParams, response: z.object({ deleted: z.string() }) },
  readMessages: {
    params: ConvParams,
    query: z.object({ limit: count(1, 500).default(50), before: z.string().max(200).optional() }),
    response: HistoryPage,
  },
  warmConversation: { params: ConvParams, response: z.object({ conv_id: z.string(), live: z.boolean() }) },
  forkConversation: {
    params: ConvParams,
    body: z.object({
      id: optional(ConvId),
      at_turn: optional(z.string().max(64)).describe('last turn to include'),
    }),
    response: ConversationSnapshot,
  },
  readMenu: {
    params: ConvParams,
    response: z.object({
      commands: z.array(z.object({ name: z.string(), description: z.string(), argument_hint: z.string() })),
      models: z.array(z.object({ value: z.string(), name: z.string(), description: z.string() })),
    }),
  },
  listFiles: {
    params: ConvParams,
    query: z.object({ q: z.string().max(200).default(''), limit: count(1, 200).default(20) }),
    response: z.object({ files: z.array(z.string()) }),
  },
  listFolders: {
    query: z.object({ path: ProjectPath.optional() }),
    response: z.object({
      path: z.string().nullable().describe('null: the roots are listed'),
      parent: z.string().nullable().describe('null: the roots are above it'),
      folders: z.array(
        z.object({
          name: z.string(),
          path: z.string(),
          is_project: z.boolean().describe('it is a git work tree'),
        }),
      ),
      recent: z.array(z.string()).describe('projects of conversations, the last used first'),
      default: z.string(),
    }),
  },
  exportConversation: {
    params: ConvParams,
    query: z.object({ format: z.enum(['md', 'json']).default('md') }),
    response: z.unknown(),
  },
  stopBackground: {
    params: z.object({ id: ConvId, task: z.string().min(1).max(100) }),
    response: z.object({ stopped: z.string(), background: z.array(BackgroundTask) }),
  },
  acceptTurn: {
    params: ConvParams,
    body: AcceptTurn,
    keepsNul: ['message'],
    response: z.object({ turn_id: z.string(), conv_id: z.string(), state: TurnState }),
  },
  readTurn: {
    params: TurnParams,
    query: z.object({
      wait_s: z.coerce.number().min(0).max(3600).default(0),
      for: z
        .enum(['news', 'end'])
        .default('news')
        .describe('news: its end, or that it waits for a person; end: its end alone'),
    }),
    response: TurnSummary.extend({ prompts: z.array(Prompt).describe('what it waits for') }),
  },
  changeTurn: {
    params: TurnParams,
    body: SendMessage.partial().strict(),
    keepsNul: ['message'],
    response: TurnSummary,
  },
  deleteTurn: { params: TurnParams, response: TurnSummary },
  promoteTurn: { params: TurnParams, response: TurnSummary },
  readChanges: { params: TurnParams, response: TurnChanges },
  undoTurn: { params: TurnParams, body: UndoTurn, response: Undone },
  cancelTurn: { params: TurnParams, response: TurnSummary },
  listPrompts: { response: z.object({ prompts: z.array(Prompt) }) },
  answerPrompt: {
    params: z.object({ id: z.string().min(1).max(64) }),
    body: PromptAnswer,
    keepsNul: ['message', 'updated_input'],
    response: z.object({
      id: z.string(),
      outcome: PromptOutcome,
      turn_id: z.string(),
      rule: Rule.nullable(),
    }),
  },
  listRules: { response: z.object({ rules: z.array(Rule) }) },
  revokeRule: {
    params: z.object({ id: z.string().min(1).max(64) }),
    response: z.object({ revoked: z.string() }),
  },
  audit: {
    query: z.object({
      limit: count(1, 1000).default(100),
      before: count(1, Number.MAX_SAFE_INTEGER).optional(),
    }),
    response: z.object({
      entries: z.array(AuditEntry),
      before: z.number().int().nullable().describe('pass it as ?before= for older ones'),
    }),
  },
  followConversation: { params: ConvParams, query: Cursor, response: EventPage },
  followAll: {
    query: Cursor.extend({
      detail: ConvId.optional().describe('what turns say and do is wanted of this conversation alone'),
    }),
    response: EventPage,
  },
  readPush: {
    response: z.object({
      public_key: z.string().describe('the applicationServerKey of PushManager.subscribe()'),
      settings: PushSettings,
      devices: z.array(PushDevice),
      deliveries: z.array(Delivery).describe('the newest first'),
    }),
  },
  changePush: { body: PushSettings.partial().strict(), response: PushSettings },
  addDevice: { body: AddDevice, response: z.object({ device: PushDevice, secret: z.string().nullable() }) },
  removeDevice: { params: DeviceParams, response: z.object({ removed: z.string() }) },
  testDevice: { params: DeviceParams, response: Delivery },
  reportPush: {
    body: z.object({
      notice_id: z.string().max(64),
      endpoint: z.string().max(2000),
      state: z.enum(['shown', 'pressed', 'failed']),
      detail: z.string().max(500).optional(),
    }),
    response: z.object({ noted: z.boolean() }),
  },
  reportSeen: {
    body: z.object({
      seen: z.array(z.object({ conv_id: ConvId, event_id: z.number().int().min(0) })).max(50),
    }),
    response: z.object({ noted: z.number().int() }),
  },
  pressAction: {
    params: z.object({ token: z.string().min(1).max(100) }),
    response: z.object({ outcome: PromptOutcome, conv_id: z.string() }),
  },
  login: {
    body: z.object({ username: z.string().max(200), password: z.string().max(1000) }),
    response: z.object({ username: z.string() }),
  },
  logout: { response: z.object({ signed_out: z.boolean() }) },
  logoutAll: {
    body: z.object({ tokens: optional(z.boolean()) }),
    response: z.object({ revoked: z.number().int() }),
  },
  createPairing: {
    response: z.object({
      url: z.string(),
      expires_at: z.string(),
      qr: z.string().describe('the link as an SVG image of a QR code'),
      is_tunnel: z.boolean().describe('whether the link works outside of this network'),
    }),
  },
  pair: {
    body: z.object({ code: z.string().min(1).max(100) }),
    response: z.object({ username: z.string() }),
  },
  listCredentials: { response: z.object({ credentials: z.array(Credential) }) },
  revokeCredential: {
    params: z.object({ id: z.string().max(64) }),
    response: z.object({ revoked: z.string() }),
  },
  createToken: {
    body: z.object({ label: z.string().trim().min(1).max(100) }),
    response: z.object({ id: z.string(), label: z.string(), token: z.string() }),
  },
  ...sessionEndpoints,
  ...archiveEndpoints,
} as const satisfies Record<RouteName, Endpoint>;

export type Endpoints = typeof endpoints;
type Part<N extends RouteName, K extends keyof Endpoint> =
  Endpoints[N] extends Record<K, infer S> ? S : never;

/** What a client sends in a part of a request. */
export type Sent<N extends RouteName, K extends 'params' | 'query' | 'body'> = z.input<Part<N, K>>;
/** What a handler gets of it after the checks. */
export type Received<N extends RouteName, K extends 'params' | 'query' | 'body'> = z.output<Part<N, K>>;
/** What the route answers with. */
export type Answer<N extends RouteName> = z.output<Part<N, 'response'>>;
