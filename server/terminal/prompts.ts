import { createHash, randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HookAnswer, HookInput } from '../../contract/hook.ts';
import { promptKind } from '../agent/claude/live/reply.ts';
import type { Agent, AskedPrompt, PromptReply } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Conversations } from '../conversation/conversations.ts';
import type { Asked, Prompts } from '../prompt/prompts.ts';
import { inputText } from '../prompt/rule-match.ts';
import type { SessionRecord } from '../session-record/port.ts';
import type { SessionRecords } from '../session-record/records.ts';
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
  agent: Pick<Agent, 'liveSessions'>;
  /** A turn that was typed into this session takes what is asked meanwhile; null where there is none. */
  deliverToTurn(
    sessionId: string,
    asked: AskedPrompt,
    deliverReply: (reply: PromptReply) => boolean,
  ): { withdraw(): void } | null;
  /** Where the files with the hooks are, and what terminals show: for their owner alone. */
  folder: string;
  /** The address of this server on this machine. */
  url(): string;
  now(): Date;
  newId(): string;
};

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

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
  async function withdrawClosed(record: SessionRecord, signal: AbortSignal): Promise<void> {
    let hasWaited = false;
    const begun = performance.now();
    while (!signal.aborted) {
      const passed = performance.now() - begun;
      const live = (await deps.agent.liveSessions()).find(({ pid }) => pid === record.pid);
      if (record.ended_at) return;
      if (live?.status === 'waiting') hasWaited = true;
      else if (live && (hasWaited || passed > maxUntilWaitingMs)) return;
      await delay(passed < nearMs ? lookMs : seldomMs, undefined, { signal }).catch(() => {});
    }
  }

  /** The questions that wait, with how to end each, by what they ask for. */
  const asking = new Set<{ recordId: string; call: string; done: AbortController }>();
  const toToolCall = ({ tool_name, tool_input }: HookInput) => inputText([tool_name, tool_input]);

  /** A tool was run: somebody has allowed it at the terminal. */
  function recordToolRun(record: SessionRecord, input: HookInput): HookAnswer {
    const call = toToolCall(input);
    for (const one of asking) if (one.recordId === record.id && one.call === call) one.done.abort();
    return {};
  }

  async function askPerson(
    record: SessionRecord,
    input: HookInput,
    hungUp: AbortSignal,
  ): Promise<HookAnswer> {
    const { tool_name: tool = 'unknown', tool_input = {} } = input;
    const asked: AskedPrompt = {
      id: deps.newId(),
      kind: promptKind(tool),
      tool,
      input: tool_input,
      reason: null,
      parent_tool_id: null,
    };
    const over = new AbortController();
    let answer: HookAnswer = {};
    const give = (reply: PromptReply): boolean => {
      if (over.signal.aborted || hungUp.aborted) return false;
      answer = toHookAnswer(reply);
      over.abort();
      return true;
    };
    const ofRun = deps.deliverToTurn(record.session_id, asked, give);
    const convId = ofRun ? null : await open(record, asked, give);
    const own = { recordId: record.id, call: toToolCall(input), done: new AbortController() };
    asking.add(own);
    await withdrawClosed(record, AbortSignal.any([over.signal, hungUp, own.done.signal]));
    asking.delete(own);
    if (!over.signal.aborted) {
      over.abort();
      if (ofRun) ofRun.withdraw();
      else prompts.withdraw({ id: asked.id });
    }
    if (convId) conversations().announce(convId);
    return answer;
  }

  /** Asks for a terminal that no turn of ours works in. */
  async function open(
    record: SessionRecord,
    asked: AskedPrompt,
    give: (reply: PromptReply) => boolean,
  ): Promise<string> {
    const conv_id = await findConversation(record);
    const { project } = record;
    const prompt: Asked = {
      ...asked,
      conv_id,
      turn_id: record.id,
      project,
      opened_at: deps.now().toISOString(),
    };
    await prompts.ask(prompt, give, () => true);
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
      return { path, hash: hashOf(token), discard: () => rm(path, { force: true }) };
    },
    /** A terminal has ended: what let it in is deleted. */
    forget: (recordId: string): Promise<void> => rm(settingsPath(recordId), { force: true }),
    /** The live terminal whose token it is. Throws AppError `wrong_credentials`. */
    findRecord(token: string): SessionRecord {
      const record = archive.live(token.split('_')[1] ?? '');
      if (!record || record.hook_hash !== hashOf(token))
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
