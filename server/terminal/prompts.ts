import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { HookAnswer, HookInput } from '../../contract/hook.ts';
import type { Agent, PromptReply, PromptRequest } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Conversations } from '../conversation/conversations.ts';
import type { Prompts } from '../prompt/prompts.ts';
import { inputText } from '../prompt/rule-match.ts';
import type { SessionRecord } from '../session-record/port.ts';
import type { SessionRecords } from '../session-record/records.ts';
import { hashToken } from '../util/hash-token.ts';
import { readRecordId } from './hook-settings.ts';
import { toHookAnswer } from './hooks.ts';

/** How often to check if a prompt was answered at the terminal: the CLI does not say so. Less often after a minute. */
const pollMs = 200;
const slowPollMs = 1000;
const fastForMs = 60_000;

/** From the hook's call to the status `waiting` it takes 0.2 s; a busy machine takes longer. */
const maxUntilWaitingMs = 5000;

export type TerminalPromptsDeps = {
  archive: SessionRecords;
  prompts: Prompts;
  conversations(): Pick<Conversations, 'createId' | 'adopt' | 'announce' | 'mapBySession'>;
  agent: Pick<Agent, 'listLiveSessions' | 'getPromptKind'>;
  /** Hands a prompt to the turn that was typed into this session. False if there is none. */
  deliverToTurn(sessionId: string, request: PromptRequest): boolean;
  now(): Date;
  newId(): string;
};

/** A tool call that waits for a reply. */
type WaitingCall = { recordId: string; call: string; closing: AbortController };

const toCallText = ({ tool_name, tool_input }: HookInput) => inputText([tool_name, tool_input]);

/** The prompts of terminals, by an HTTP hook that runs while the dialog is on the screen. */
export class TerminalPrompts {
  readonly #deps: TerminalPromptsDeps;
  /** The CLI reports by the call that a tool has run, which ends the wait for a reply. */
  readonly #waiting = new Set<WaitingCall>();

  constructor(deps: TerminalPromptsDeps) {
    this.#deps = deps;
  }

  /** The live terminal that has this token. Throws AppError `wrong_credentials`. */
  findRecord(token: string): SessionRecord {
    const record = this.#deps.archive.live(readRecordId(token));
    if (!record || record.hook_hash !== hashToken(token))
      throw new AppError('wrong_credentials', 'This is not a terminal that was started here.');
    return record;
  }

  /** Answers a hook. Hooks that ask nothing pass. */
  async answerHook(record: SessionRecord, input: HookInput, hungUp: AbortSignal): Promise<HookAnswer> {
    if (input.hook_event_name === 'PermissionRequest') return this.#askPerson(record, input, hungUp);
    if (input.hook_event_name === 'PostToolUse') this.#recordToolRun(record, input);
    return {};
  }

  /** A tool has run: a person has allowed it at the terminal. */
  #recordToolRun(record: SessionRecord, input: HookInput): void {
    const call = toCallText(input);
    for (const one of this.#waiting) if (one.recordId === record.id && one.call === call) one.closing.abort();
  }

  async #askPerson(record: SessionRecord, input: HookInput, hungUp: AbortSignal): Promise<HookAnswer> {
    const closing = new AbortController();
    let answer: HookAnswer = {};
    const respond = (reply: PromptReply): boolean => {
      if (closing.signal.aborted || hungUp.aborted) return false;
      answer = toHookAnswer(reply);
      closing.abort();
      return true;
    };
    const request: PromptRequest = { prompt: this.#toPrompt(input), respond, signal: closing.signal };
    const isOfTurn = this.#deps.deliverToTurn(record.session_id, request);
    const convId = isOfTurn ? null : await this.#askInConversation(record, request);
    const waitingCall = { recordId: record.id, call: toCallText(input), closing };
    this.#waiting.add(waitingCall);
    await this.#waitUntilAnswered(record, AbortSignal.any([closing.signal, hungUp]));
    this.#waiting.delete(waitingCall);
    closing.abort();
    if (convId) this.#deps.conversations().announce(convId);
    return answer;
  }

  #toPrompt({ tool_name: tool = 'unknown', tool_input: input = {} }: HookInput): PromptRequest['prompt'] {
    const kind = this.#deps.agent.getPromptKind(tool);
    return { id: this.#deps.newId(), kind, tool, input, reason: null, parent_tool_id: null };
  }

  /** Asks for a terminal that works on no turn. */
  async #askInConversation(record: SessionRecord, request: PromptRequest): Promise<string> {
    const { prompt, respond, signal } = request;
    const conv_id = await this.#findConversation(record);
    const { project } = record;
    const opened_at = this.#deps.now().toISOString();
    const asked = { ...prompt, conv_id, turn_id: record.id, project, opened_at };
    await this.#deps.prompts.ask(asked, { respond, signal });
    this.#deps.conversations().announce(conv_id);
    return conv_id;
  }

  /** The conversation of a session. A session without one gets one, so that a person can be led to the prompt. */
  async #findConversation({ session_id, project, label, name }: SessionRecord): Promise<string> {
    const conversations = this.#deps.conversations();
    const existing = conversations.mapBySession().get(session_id);
    if (existing) return existing.id;
    const id = conversations.createId();
    await conversations.adopt(id, { session_id, project, title: label ?? name ?? basename(project) });
    return id;
  }

  /** Resolves when the terminal does not wait for the answer any more, or on abort. */
  async #waitUntilAnswered(record: SessionRecord, signal: AbortSignal): Promise<void> {
    let hasWaited = false;
    const startedAt = performance.now();
    while (!signal.aborted) {
      const passedMs = performance.now() - startedAt;
      const live = (await this.#deps.agent.listLiveSessions()).find(({ pid }) => pid === record.pid);
      if (record.ended_at) return;
      if (live?.status === 'waiting') hasWaited = true;
      else if (live && (hasWaited || passedMs > maxUntilWaitingMs)) return;
      await delay(passedMs < fastForMs ? pollMs : slowPollMs, undefined, { signal }).catch(() => {});
    }
  }
}
