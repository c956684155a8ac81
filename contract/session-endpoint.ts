import { z } from 'zod';
import { ArchiveRecord } from './archive.ts';
import { ConvId, ExtraArgs, ModelName, PermissionMode, ProjectPath, TerminalMessages } from './common.ts';
import { HookAnswer, HookInput } from './hook.ts';
import { HistoryPage } from './message.ts';
import { count, flag, list } from './query.ts';
import { Repair } from './repair.ts';
import {
  Diagnosis,
  SearchAnswer,
  SearchRole,
  Session,
  SessionKind,
  SessionPage,
  SessionState,
  TypedPrompt,
} from './session.ts';

const HostName = z.string().min(1).max(64);
const HostParams = z.object({ host: HostName });
const SessionParams = z.object({
  host: HostName,
  id: z.string().regex(/^[0-9A-Fa-f-]{1,36}$/, 'must be the id of a session, or its beginning'),
});
const Words = z.string().max(500);
const Time = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

const terminalOptions = {
  model: ModelName.optional(),
  permission_mode: PermissionMode.optional().describe('default: it asks for permissions'),
};

/** The shapes of the routes of `sessionRoutes`. */
export const sessionEndpoints = {
  listHostSessions: {
    params: HostParams,
    query: z.object({
      project: Words.optional().describe('a part of the path of its folder'),
      state: list(SessionState).optional().describe('several are separated by commas'),
      kind: SessionKind.optional(),
      q: Words.optional().describe('a part of its title, its first or last message, or its folder'),
      forks: flag.optional().describe('false leaves out what was forked from another session'),
      limit: count(1, 200).optional().describe('default: 50'),
      cursor: z.string().max(64).optional(),
    }),
    response: SessionPage,
  },
  readHostSession: {
    params: SessionParams,
    response: Session.extend({ record: ArchiveRecord.nullable().describe('its newest one in the archive') }),
  },
  readHostMessages: {
    params: SessionParams,
    query: z.object({
      limit: count(1, 500).optional().describe('default: 50'),
      before: z.string().max(200).optional(),
    }),
    response: HistoryPage,
  },
  diagnoseSession: { params: SessionParams, response: Diagnosis },
  startTerminal: {
    params: HostParams,
    body: z.object({
      project: ProjectPath,
      name: z
        .string()
        .trim()
        .min(1)
        .max(100)
        .regex(/^[^-]/, 'must not begin with "-"')
        .regex(/^\P{Cc}*$/u, 'must be one line, without control characters')
        .optional(),
      ...terminalOptions,
      args: ExtraArgs.optional().describe(
        'further arguments of claude, except those that the server sets itself',
      ),
    }),
    response: Session,
  },
  renameSession: {
    params: SessionParams,
    body: z.object({
      title: z
        .string()
        .trim()
        .min(1)
        .max(200)
        .regex(/^\P{Cc}*$/u, 'must be one line, without control characters'),
    }),
    response: Session,
  },
  resumeTerminal: { params: SessionParams, body: z.object(terminalOptions), response: Session },
  repairSession: {
    params: SessionParams,
    body: z.object({ dry_run: z.boolean().optional().describe('true: only say what is wrong') }),
    response: Repair,
  },
  sendToTerminal: {
    params: SessionParams,
    body: z.object({
      message: z
        .string()
        .min(1)
        .max(2_000_000)
        .regex(/[^\s\p{Cc}]/u, 'must not be empty'),
    }),
    keepsNul: ['message'] as string[],
    response: z.object({ id: z.string(), state: SessionState }),
  },
  interruptTerminal: { params: SessionParams, response: z.object({ id: z.string(), state: SessionState }) },
  readTerminal: { params: SessionParams, response: z.object({ id: z.string(), text: z.string() }) },
  openTerminal: {
    params: SessionParams,
    response: z.object({ ticket: z.string(), expires_in_s: z.number().int(), id: z.string() }),
  },
  killTerminals: {
    params: HostParams,
    query: z.object({
      idle_s: count(0, 10_000_000).describe('seconds without any activity; 0 matches all'),
      busy: flag.optional().describe('true: those that work or wait as well'),
    }),
    response: z.object({
      killed: z.array(z.string()),
      failed: z.array(z.object({ id: z.string(), detail: z.string() })),
    }),
  },
  killTerminal: { params: SessionParams, response: z.object({ killed: z.string() }) },
  attachConversation: {
    params: z.object({ id: ConvId }),
    body: z.object({
      ...terminalOptions,
      interrupt: z.boolean().optional().describe('stop a running turn instead of refusing'),
      messages: TerminalMessages.optional().describe(
        'what happens to messages meanwhile (default: as before, `wait` at first)',
      ),
    }),
    response: Session,
  },
  detachConversation: {
    params: z.object({ id: ConvId }),
    response: z.object({ id: ConvId, session_id: z.string() }),
  },
  terminalHook: { body: HookInput, keepsNul: 'all' as const, response: HookAnswer },
  search: {
    query: z.object({
      q: Words.min(1),
      project: Words.optional().describe('a part of the path of its folder'),
      role: list(SearchRole)
        .optional()
        .describe('who said it; default: all. `output` is the output of tools'),
      since: Time.optional(),
      until: Time.optional(),
      limit: count(1, 100).optional().describe('default: 20'),
    }),
    response: SearchAnswer,
  },
  readTyped: {
    query: z.object({
      q: Words.optional(),
      project: Words.optional(),
      limit: count(1, 500).optional().describe('default: 50'),
    }),
    response: z.object({ prompts: z.array(TypedPrompt) }),
  },
};
