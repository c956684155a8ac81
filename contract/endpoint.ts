import { z } from 'zod';
import {
  ChangeConversation,
  ConversationSnapshot,
  ConversationSummary,
  ConvId,
  CreateConversation,
  MappingEntry,
  ModelName,
  PermissionMode,
  ProjectPath,
  SessionId,
} from './conversation.ts';
import { Event } from './event.ts';
import { HistoryPage } from './message.ts';
import type { RouteName } from './route.ts';
import { ChatAnswer, TurnState, TurnSummary } from './turn.ts';

/** The shapes of one route. A part that is left out takes nothing. */
export type Endpoint = { params?: z.ZodType; query?: z.ZodType; body?: z.ZodType; response: z.ZodType };

/** A message may have 10,000,000 bytes: the CLI refuses more than 10 MB on its standard input. */
export const maxMessageBytes = 10_000_000;

const Message = z.string().refine((text) => text.trim() !== '', 'must not be empty');
const TimeoutSeconds = z.number().positive().max(86_400);
const ConvParams = z.object({ id: ConvId });
const TurnParams = z.object({ id: z.string().min(1).max(64) });

/** A query parameter that is a whole number. */
const count = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');

/** A field that may be left out; null is the same, since many clients send that. */
const optional = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);

const SendMessage = z.object({
  message: Message,
  model: optional(ModelName),
  permission_mode: optional(PermissionMode),
  timeout_s: optional(TimeoutSeconds),
  literal: optional(z.boolean()).describe('send a message that begins with "/" as text'),
});

const ChatRequest = SendMessage.extend({
  conv_id: z.preprocess((id) => (id === null || id === '' ? undefined : id), ConvId.default('default')),
  session_id: z.preprocess((id) => id || undefined, SessionId.optional()),
  project: optional(ProjectPath),
  stream: optional(z.boolean()),
});

const Cursor = z.object({ after: count(0, Number.MAX_SAFE_INTEGER).optional() });

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
  tunnel: z.object({
    kind: z.enum(['none', 'ngrok']),
    state: z.enum(['off', 'connecting', 'open', 'failed']),
    url: z.string().nullable(),
    detail: z.string().nullable(),
  }),
  turns: z.object({ running: z.number().int(), queued: z.number().int() }),
  storage: z.object({ writable: z.boolean(), detail: z.string().nullable() }),
  limits: z.object({
    max_concurrent_turns: z.number().int(),
    max_queued_turns: z.number().int(),
    timeout_s: z.number(),
    max_message_bytes: z.number().int(),
  }),
});

/** Joins each route to its shapes. Only the server and the command import this; a page imports its types. */
export const endpoints = {
  health: { response: z.object({ status: z.literal('healthy'), service: z.literal('switchboard'), version: z.string() }) },
  status: { response: Status },
  openapi: { response: z.looseObject({}) },
  chat: { body: ChatRequest, response: ChatAnswer },
  reset: {
    query: z.object({ conv_id: ConvId.default('default') }),
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
  acceptTurn: {
    params: ConvParams,
    body: SendMessage.extend({
      follow: z.boolean().optional().describe('its events are wanted as they happen, though nobody reads them yet'),
    }),
    response: z.object({ turn_id: z.string(), conv_id: z.string(), state: TurnState }),
  },
  readTurn: {
    params: TurnParams,
    query: z.object({ wait_s: z.coerce.number().min(0).max(3600).default(0) }),
    response: TurnSummary,
  },
  cancelTurn: { params: TurnParams, response: TurnSummary },
  followConversation: { params: ConvParams, query: Cursor, response: Event },
  followAll: { query: Cursor, response: Event },
  login: {
    body: z.object({ username: z.string().max(200), password: z.string().max(1000) }),
    response: z.object({ username: z.string() }),
  },
  logout: { response: z.object({ signed_out: z.boolean() }) },
  listCredentials: { response: z.object({ credentials: z.array(Credential) }) },
  revokeCredential: { params: z.object({ id: z.string().max(64) }), response: z.object({ revoked: z.string() }) },
  createToken: {
    body: z.object({ label: z.string().trim().min(1).max(100) }),
    response: z.object({ id: z.string(), label: z.string(), token: z.string() }),
  },
} as const satisfies Record<RouteName, Endpoint>;

export type Endpoints = typeof endpoints;
type Part<N extends RouteName, K extends keyof Endpoint> = Endpoints[N] extends Record<K, infer S> ? S : never;

/** What a client sends in a part of a request. */
export type Sent<N extends RouteName, K extends 'params' | 'query' | 'body'> = z.input<Part<N, K>>;
/** What a handler gets of it after the checks. */
export type Received<N extends RouteName, K extends 'params' | 'query' | 'body'> = z.output<Part<N, K>>;
/** What the route answers with. */
export type Answer<N extends RouteName> = z.output<Part<N, 'response'>>;
