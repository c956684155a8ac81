import { z } from 'zod';
import { ConvId, ProjectPath } from './common.ts';
import { BackgroundTask, ConversationSnapshot, ConversationSummary, MappingEntry } from './conversation.ts';
import { ChangeConversation, CreateConversation } from './conversation-options.ts';
import { HistoryPage } from './message.ts';
import { ConvParams, count, flag, optional } from './query.ts';
import { ChatRequest } from './send-message.ts';
import { ChatAnswer } from './turn.ts';

/** The name of a conversation; empty and null are the same as none, since clients of the original API send that. */
const OptionalConvId = z.preprocess((id) => (id === null || id === '' ? undefined : id), ConvId.optional());

/** The shapes of the routes of `conversationRoutes`. */
export const conversationEndpoints = {
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
} as const;
