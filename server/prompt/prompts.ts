import type { AuditEntry, Prompt, PromptAnswer, PromptOutcome, Rule } from '../../contract/prompt.ts';
import type { PromptReply, PromptRequest } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { PromptStore } from '../store/port.ts';
import { nobodyAnswered } from '../transcript/denial.ts';
import { truncateText } from '../transcript/truncate.ts';
import { onAbort } from '../util/abort-signal.ts';
import { type AwakeTimer, startAwakeTimer } from '../util/awake-timer.ts';
import { automatic, type Decider, toAuditEntry } from './audit-entry.ts';
import { commandTextsOf } from './command-texts.ts';
import { toRule } from './new-rule.ts';
import { offersOf } from './offer.ts';
import { type Paths, pathsOf } from './paths.ts';
import { toReply } from './reply.ts';
import { partsOf, risksOf } from './risk.ts';
import { type Call, fileOf, inputText } from './rule-match.ts';
import { PromptRules } from './rules.ts';

const maxDetail = 4000;

/** The way back to the agent that asked. `signal` is aborted when the agent does not wait for a reply any more. */
export type ReplyChannel = Pick<PromptRequest, 'respond' | 'signal'>;

type Sight = { outside: boolean; obeyed: boolean; targets: readonly unknown[] };

/** A prompt with the call that it is about. */
type Examined = {
  prompt: Prompt;
  call: Call;
  /** Where the paths of the call led when it was examined, as text to compare. */
  places: string;
};

/** A prompt that waits for a person. */
type OpenPrompt = Examined & {
  respond: ReplyChannel['respond'];
  timer: AwakeTimer | null;
};

/** A prompt before it was examined. */
export type Asked = Omit<Prompt, 'risks' | 'offers'>;

/** The effect of an answer. */
type AnswerResult = { id: string; outcome: PromptOutcome; turn_id: string; rule: Rule | null };

/** The stored reply of a prompt that no person answered. */
const automaticReply = JSON.stringify({ said: null, rule: null });

/** The stored reply of a person. Two answers are the same if it is equal, however they were written. */
const toStoredReply = (reply: PromptReply, { remember }: PromptAnswer) =>
  inputText([reply, remember === 'once' ? null : (remember ?? null)]);

type Closing = {
  outcome: PromptOutcome;
  by: Decider;
  reply?: string;
  ruleId?: string;
  detail?: string;
};

export type PromptsDeps = {
  store: PromptStore;
  /** The seconds after which an unanswered prompt is denied; null: never. */
  timeoutS: number | null;
  /** The path of a file with links resolved, also of one that does not exist yet. */
  resolveFile(path: string, project: string): Promise<string>;
  /** Where the paths that a call names lead. */
  lookAtPaths(paths: Paths, project: string): Promise<Sight>;
  /** A person accepted a plan: the conversation continues in this mode. */
  onPlanAccepted(convId: string, mode: string): void;
  warn(error: unknown, text: string): void;
  now(): Date;
  newId(): string;
};

/** The prompts that wait for a person. Those that a rule covers are allowed at once. */
export class Prompts {
  readonly rules: PromptRules;
  readonly #deps: PromptsDeps;
  readonly #open = new Map<string, OpenPrompt>();

  constructor(deps: PromptsDeps) {
    this.#deps = deps;
    this.rules = new PromptRules(deps.store, deps.now);
  }

  list(): Prompt[] {
    return [...this.#open.values()].map(({ prompt }) => prompt);
  }

  listOfTurn(turnId: string): Prompt[] {
    return this.list().filter(({ turn_id }) => turn_id === turnId);
  }

  /** Answers a prompt by a rule, or registers it to wait for a person until its signal withdraws it. */
  async ask(asked: Asked, { respond, signal }: ReplyChannel): Promise<void> {
    const entry: OpenPrompt = { ...(await this.#examine(asked)), respond, timer: null };
    const { prompt } = entry;
    if (signal.aborted) return;
    const rules = this.#findCoveringRules(entry);
    if (rules) return this.#allowByRules(entry, rules);
    this.#deps.store.open(prompt);
    const { timeoutS } = this.#deps;
    if (timeoutS !== null) entry.timer = startAwakeTimer(timeoutS * 1000, () => this.#timeOut(entry));
    this.#open.set(prompt.id, entry);
    onAbort(signal, () => this.#withdraw(entry.prompt));
  }

  /**
   * Answers a prompt for a person. The same answer again has the same result. Throws AppError `prompt_changed` if a
   * path of the prompt leads elsewhere than it did when the person saw it.
   */
  async answer(id: string, answer: PromptAnswer, by: Decider): Promise<AnswerResult> {
    const seen = this.#open.get(id);
    if (seen && answer.decision === 'allow' && (await this.#reopenIfMoved(seen)))
      throw new AppError('prompt_changed', undefined, { turnId: seen.prompt.turn_id });
    const entry = this.#open.get(id);
    // Another answer may have closed it while its paths were examined.
    if (!entry) return this.#repeatAnswer(id, answer);
    const { prompt } = entry;
    const reply = toReply(prompt, answer);
    const made = { id: this.#deps.newId(), at: this.#now(), by: by.name };
    const rule = answer.remember ? toRule(prompt, entry.call, answer.remember, made) : null;
    // First, so that an answer that is on disk has its rule.
    if (rule) this.rules.add(rule, prompt, by);
    const outcome = reply.decision === 'allow' ? 'allowed' : 'denied';
    const { decision: _, remember: __, ...rest } = answer;
    this.#close(prompt, {
      outcome,
      by,
      reply: JSON.stringify({ said: toStoredReply(reply, answer), rule: rule?.id ?? null }),
      detail: inputText(rest),
      ...(rule ? { ruleId: rule.id } : {}),
    });
    this.#deliver(entry, reply);
    if (rule) await this.#allowCovered();
    return { id, outcome, turn_id: prompt.turn_id, rule: this.rules.find(rule?.id ?? null) };
  }

  /** Allows open prompts that need no answer any more. */
  allowUnneeded(isUnneeded: (prompt: Prompt) => boolean): void {
    for (const { prompt, respond } of [...this.#open.values()]) {
      if (!isUnneeded(prompt)) continue;
      this.#close(prompt, { outcome: 'allowed', by: automatic, reply: automaticReply });
      respond({ decision: 'allow', input: prompt.input });
    }
  }

  /** Closes the prompts of a turn that ends with the server, whether or not the agent withdraws them first. */
  closeRestarted(turnId: string): void {
    for (const prompt of this.listOfTurn(turnId)) this.#closeUnanswered(prompt, 'restarted');
  }

  /** Closes the prompts that an earlier server left open, and returns them: their turns mention them. */
  closeLeftovers(): Prompt[] {
    const leftovers = this.#deps.store.left();
    for (const prompt of leftovers) this.#close(prompt, { outcome: 'restarted', by: automatic });
    return leftovers;
  }

  /** The prompts of a conversation between two times (ISO-8601), answered or not. */
  askedBetween(...range: Parameters<PromptStore['askedBetween']>): ReturnType<PromptStore['askedBetween']> {
    return this.#deps.store.askedBetween(...range);
  }

  /** The newest decisions, or the ones before an id. */
  listAudit(limit: number, before: number | undefined): AuditEntry[] {
    return this.#deps.store.entries(limit, before);
  }

  dispose(): void {
    for (const { timer } of this.#open.values()) timer?.stop();
  }

  #now(): string {
    return this.#deps.now().toISOString();
  }

  /** Where a call leads, and what makes it risky. */
  async #examine(asked: Asked): Promise<Examined> {
    const { kind, tool, input, project, conv_id } = asked;
    const { resolveFile, lookAtPaths } = this.#deps;
    const path = fileOf({ tool, input });
    const root = await resolveFile(project, '/').catch(() => project);
    const file = path === null ? null : await resolveFile(path, project).catch(() => null);
    const paths = pathsOf(tool, input, commandTextsOf(input).flatMap(partsOf));
    const sight = await lookAtPaths(paths, project);
    const call: Call = { tool, input, file, obeyed: sight.obeyed, project, root, conv_id };
    const isPermission = kind === 'permission';
    const risks = isPermission ? risksOf({ tool, input, project, ...sight }) : [];
    const offers = isPermission ? offersOf(call) : [];
    return { call, prompt: { ...asked, risks, offers }, places: inputText([root, file, sight]) };
  }

  /** Opens a prompt again, with its new risks, if its paths lead elsewhere now. Returns whether they do. */
  async #reopenIfMoved(entry: OpenPrompt): Promise<boolean> {
    if (entry.prompt.kind !== 'permission') return false;
    const examined = await this.#examine(entry.prompt);
    const isOpen = this.#open.get(entry.prompt.id) === entry;
    if (!isOpen || examined.places === entry.places) return false;
    this.#deps.store.reopen(examined.prompt);
    Object.assign(entry, examined);
    return true;
  }

  #findCoveringRules({ prompt, call }: OpenPrompt): readonly Rule[] | null {
    return prompt.kind === 'permission' ? this.rules.findCovering(call) : null;
  }

  #allowByRules({ prompt, respond }: OpenPrompt, rules: readonly Rule[]): void {
    this.#deps.store.note({
      ...toAuditEntry(prompt, automatic, this.#now()),
      action: 'rule.used',
      rule_id: rules.map(({ id }) => id).join(' '),
    });
    respond({ decision: 'allow', input: prompt.input });
  }

  /** Allows open prompts that a new rule covers. */
  async #allowCovered(): Promise<void> {
    for (const entry of [...this.#open.values()]) {
      if (!this.#findCoveringRules(entry) || (await this.#reopenIfMoved(entry))) continue;
      // It may have been answered, or the rule revoked, while its paths were examined.
      const rules = this.#open.get(entry.prompt.id) === entry && this.#findCoveringRules(entry);
      if (!rules) continue;
      const ruleId = rules.map(({ id }) => id).join(' ');
      this.#close(entry.prompt, { outcome: 'allowed', by: automatic, reply: automaticReply, ruleId });
      this.#allowByRules(entry, rules);
    }
  }

  /** Delivers a reply that is on disk. Throws AppError `prompt_withdrawn` if the agent does not wait any more. */
  #deliver({ prompt, respond }: OpenPrompt, reply: PromptReply): void {
    if (!respond(reply)) {
      const audit = { ...toAuditEntry(prompt, automatic, this.#now()), action: 'prompt.withdrawn' } as const;
      this.#deps.store.close(prompt, { outcome: 'withdrawn', reply: null, by: null, audit });
      throw new AppError('prompt_withdrawn', 'The agent has ended.', { turnId: prompt.turn_id });
    }
    if (prompt.kind === 'plan' && reply.decision === 'allow')
      this.#deps.onPlanAccepted(prompt.conv_id, reply.permissionMode ?? 'default');
  }

  /** Throws AppError if the prompt is unknown, or was closed with another answer. */
  #repeatAnswer(id: string, answer: PromptAnswer): AnswerResult {
    const stored = this.#deps.store.get(id);
    if (!stored)
      throw new AppError('prompt_not_found', `There is no prompt ${JSON.stringify(id)}.`, { field: 'id' });
    const { prompt, outcome } = stored;
    const turnId = prompt.turn_id;
    if (outcome !== 'allowed' && outcome !== 'denied') {
      const detail = `The prompt is ${outcome?.replace('_', ' ') ?? 'withdrawn'}.`;
      throw new AppError('prompt_withdrawn', detail, { turnId });
    }
    const before = JSON.parse(stored.reply ?? automaticReply) as { said: string | null; rule: string | null };
    const reply = toReply(prompt, answer);
    // A person may allow what a rule has allowed meanwhile.
    const isSame =
      before.said === null
        ? reply.decision === 'allow' && reply.input === prompt.input
        : before.said === toStoredReply(reply, answer);
    if (!isSame)
      throw new AppError('prompt_answered', `The prompt was ${outcome} with another answer.`, { turnId });
    return { id, outcome, turn_id: turnId, rule: this.rules.find(before.rule) };
  }

  #timeOut({ prompt, respond }: OpenPrompt): void {
    const message =
      `${nobodyAnswered} ${this.#deps.timeoutS} s. This is not a refusal: nobody has seen the question. ` +
      'Continue with what needs no answer, and say at the end what you still need.';
    this.#attempt(() => {
      this.#close(prompt, { outcome: 'timed_out', by: automatic });
      respond({ decision: 'deny', message, interrupt: prompt.kind === 'budget' });
    });
  }

  /** The signal of an answered prompt is aborted as well. */
  #withdraw(prompt: Prompt): void {
    if (this.#open.has(prompt.id)) this.#closeUnanswered(prompt, 'withdrawn');
  }

  #closeUnanswered(prompt: Prompt, outcome: 'withdrawn' | 'restarted'): void {
    this.#attempt(() => this.#close(prompt, { outcome, by: automatic }));
  }

  #attempt(close: () => void): void {
    try {
      close();
    } catch (error) {
      this.#deps.warn(error, 'a prompt could not be closed');
    }
  }

  #close(prompt: Prompt, { outcome, by, reply, ruleId, detail }: Closing): void {
    const audit = {
      ...toAuditEntry(prompt, by, this.#now()),
      action: `prompt.${outcome}` as const,
      rule_id: ruleId ?? null,
      detail: detail ? truncateText(detail, maxDetail).text : null,
    };
    this.#deps.store.close(prompt, { outcome, reply: reply ?? null, by: by.name, audit });
    this.#open.get(prompt.id)?.timer?.stop();
    this.#open.delete(prompt.id);
  }
}
