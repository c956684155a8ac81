import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HookAnswer, HookInput } from '../../contract/hook.ts';
import type { Agent, PromptReply, PromptRequest } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Conversations } from '../conversation/conversations.ts';
import type { Asked, Prompts } from '../prompt/prompts.ts';
import { inputText } from '../prompt/rule-match.ts';
import type { SessionRecord } from '../session-record/port.ts';
import type { SessionRecords } from '../session-record/records.ts';
import { hashToken } from '../util/hash-token.ts';
import { makeOwnFolder } from '../util/own-folder.ts';
import { buildHookSettings, toHookAnswer } from './hooks.ts';

/** How often it is looked whether somebody has answered at the terminal: the CLI does not say so. Seldom where nobody is near. */
const lookMs = 200;
const seldomMs = 1000;
const nearMs = 60_000;

/** From the hook's call to the status `waiting` it takes 0.2 s; a crowded machine takes longer. */
const maxUntilWaitingMs = 5000;

export type TerminalPromptsDeps = {
  archive: SessionRecords;
  prompts: Prompts;
  conversations(): Pick<Conversations, 'createId' | 'adopt' | 'announce' | 'mapBySession'>;
  agent: Pick<Agent, 'listLiveSessions' | 'getPromptKind'>;
  /** Hands a prompt to the turn that was typed into this session. False if there is none. */
  deliverToTurn(sessionId: string, request: PromptRequest): boolean;
  /** Where the files with the hooks are, and what terminals show: for their owner alone. */
  folder: string;
  /** The address of this server on this machine. */
  url(): string;
  now(): Date;
  newId(): string;
};

/** What terminals ask, among all that waits for a person: by an HTTP hook that runs while the dialog is on the screen. */
export function createTerminalPrompts(deps: TerminalPromptsDeps) {
  const { archive, prompts, conversations } = deps;
  const settingsPath = (recordId: string) => join(deps.folder, `${recordId}.hooks.json`);

  /** The conversation of a session; one that asks and has none gets one, or nobody could be led to the question. */
  async function findConversation(record: SessionRecord): Promise<string> {
    const known = conversations().mapBySession().get(record.session_id);
    if (known) return known.id;
    const id = conversations().createId();
    const title = record.label ?? record.name ?? basename(record.project);
    await conversations().adopt(id, { session_id: record.session_id, project: record.project, title });
    return id;
  }

  /** Resolves when the terminal no longer waits for the answer. */
  async function untilClosed(record: SessionRecord, signal: AbortSignal): Promise<void> {
    let hasWaited = false;
    const begun = performance.now();
    while (!signal.aborted) {
      const passed = performance.now() - begun;
      const live = (await deps.agent.listLiveSessions()).find(({ pid }) => pid === record.pid);
      if (record.ended_at) return;
      if (live?.status === 'waiting') hasWaited = true;
      else if (live && (hasWaited || passed > maxUntilWaitingMs)) return;
      await delay(passed < nearMs ? lookMs : seldomMs, undefined, { signal }).catch(() => {});
    }
  }

  /** The tool calls that wait for a reply, with what ends the wait: the CLI reports by call that a tool has run. */
  const asking = new Set<{ recordId: string; call: string; closing: AbortController }>();
  const toToolCall = ({ tool_name, tool_input }: HookInput) => inputText([tool_name, tool_input]);

  /** A tool was run: somebody has allowed it at the terminal. */
  function recordToolRun(record: SessionRecord, input: HookInput): HookAnswer {
    const call = toToolCall(input);
    for (const one of asking) if (one.recordId === record.id && one.call === call) one.closing.abort();
    return {};
  }

  async function askPerson(
    record: SessionRecord,
    input: HookInput,
    hungUp: AbortSignal,
  ): Promise<HookAnswer> {
    const { tool_name: tool = 'unknown', tool_input = {} } = input;
    const closing = new AbortController();
    let answer: HookAnswer = {};
    const respond = (reply: PromptReply): boolean => {
      if (closing.signal.aborted || hungUp.aborted) return false;
      answer = toHookAnswer(reply);
      closing.abort();
      return true;
    };
    const request: PromptRequest = {
      prompt: {
        id: deps.newId(),
        kind: deps.agent.getPromptKind(tool),
        tool,
        input: tool_input,
        reason: null,
        parent_tool_id: null,
      },
      respond,
      signal: closing.signal,
    };
    const convId = deps.deliverToTurn(record.session_id, request) ? null : await open(record, request);
    const entry = { recordId: record.id, call: toToolCall(input), closing };
    asking.add(entry);
    await untilClosed(record, AbortSignal.any([closing.signal, hungUp]));
    asking.delete(entry);
    closing.abort();
    if (convId) conversations().announce(convId);
    return answer;
  }

  /** Asks for a terminal that no turn of ours works in. */
  async function open(record: SessionRecord, { prompt: asked, ...channel }: PromptRequest): Promise<string> {
    const conv_id = await findConversation(record);
    const { project } = record;
    const prompt: Asked = {
      ...asked,
      conv_id,
      turn_id: record.id,
      project,
      opened_at: deps.now().toISOString(),
    };
    await prompts.ask(prompt, channel);
    conversations().announce(conv_id);
    return conv_id;
  }

  return {
    /** Writes the settings file of a terminal; gives its path, and what is kept to know its calls by. */
    async prepare(
      recordId: string,
      permissionMode: string,
    ): Promise<{ path: string; hash: string; discard(): Promise<void> }> {
      const token = `swt_${recordId}_${randomBytes(32).toString('base64url')}`;
      const path = settingsPath(recordId);
      await makeOwnFolder(deps.folder);
      await writeFile(
        path,
        buildHookSettings({ url: `${deps.url()}/api/hooks/terminal`, token, permissionMode }),
        { mode: 0o600 },
      );
      return { path, hash: hashToken(token), discard: () => rm(path, { force: true }) };
    },
    /** A terminal has ended: what let it in is deleted. */
    forget: (recordId: string): Promise<void> => rm(settingsPath(recordId), { force: true }),
    /** The live terminal whose token it is. Throws AppError `wrong_credentials`. */
    findRecord(token: string): SessionRecord {
      const record = archive.live(token.split('_')[1] ?? '');
      if (!record || record.hook_hash !== hashToken(token))
        throw new AppError('wrong_credentials', 'This is no terminal that was started here.');
      return record;
    },
    /** Answers a hook; what is no question is let pass. */
    async hook(record: SessionRecord, input: HookInput, hungUp: AbortSignal): Promise<HookAnswer> {
      if (input.hook_event_name === 'PostToolUse') return recordToolRun(record, input);
      return input.hook_event_name === 'PermissionRequest' ? askPerson(record, input, hungUp) : {};
    },
  };
}

export type TerminalPrompts = ReturnType<typeof createTerminalPrompts>;
