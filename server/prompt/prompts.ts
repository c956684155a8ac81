import type { AuditEntry, Prompt, PromptAnswer, PromptOutcome, Rule } from '../../contract/prompt.ts';
import type { PromptReply, PromptRequest } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { PromptStore } from '../store/port.ts';
import { nobodyAnswered } from '../transcript/denial.ts';
import { truncateText } from '../transcript/truncate.ts';
import { onAbort } from '../util/abort-signal.ts';
import { type AwakeTimer, startAwakeTimer } from '../util/awake-timer.ts';
import { boundedStart } from './bounded.ts';
import { commandTextsOf } from './command-texts.ts';
import { toRule } from './new-rule.ts';
import { offersOf } from './offer.ts';
import { type Paths, pathsOf } from './paths.ts';
import { toReply } from './reply.ts';
import { partsOf, risksOf } from './risk.ts';
import { type Call, coveringRules, fileOf, inputText, onlyPart } from './rule-match.ts';

/** Who decides, and from where. */
export type Decider = { name: string; address: string | null };

const itself: Decider = { name: 'switchboard', address: null };

/** The way back to the agent that asked. `signal` is aborted when nobody waits for the reply any more. */
export type ReplyChannel = Pick<PromptRequest, 'respond' | 'signal'>;

/** A prompt that waits for a person. */
type Waiting = {
  prompt: Prompt;
  call: Call;
  respond: ReplyChannel['respond'];
  timer: AwakeTimer | undefined;
};

/** A prompt before it was examined. */
export type Asked = Omit<Prompt, 'risks' | 'offers'>;

/** What an answer came to. */
type Answered = { id: string; outcome: PromptOutcome; turn_id: string; rule: Rule | null };

/** Whether a rule is for a program that runs or changes whatever it is given. */
function allowsAnything({ match }: Rule): boolean {
  return match.by === 'command' && !match.exact && boundedStart(onlyPart(match.command) ?? []) === null;
}

const marked = (rule: Rule): Rule => ({ ...rule, allows_anything: allowsAnything(rule) });

/** The reply of a prompt that no person answered. */
const byItself = JSON.stringify({ said: null, rule: null });

/** What makes two answers the same, however they were written. */
const sameAnswer = (said: PromptReply, { remember }: PromptAnswer) =>
  inputText([said, remember === 'once' ? null : (remember ?? null)]);

type Closing = {
  prompt: Prompt;
  outcome: PromptOutcome;
  by: Decider;
  reply?: string;
  ruleId?: string;
  detail?: string | null;
};

/** What waits for a person, and the rules by which it need not. */
export function createPrompts(deps: {
  store: PromptStore;
  /** After so many seconds without an answer a prompt is answered for the person who is not there; null: never. */
  timeoutS: number | null;
  /** The path of a file with links resolved, also of one that is yet to be made. */
  resolveFile(path: string, project: string): Promise<string>;
  /** Where the paths that a call names lead. */
  lookAtPaths(paths: Paths, project: string): Promise<{ outside: boolean; obeyed: boolean }>;
  /** Called when a plan is accepted: the conversation goes on in this mode. */
  onPlanAccepted(convId: string, mode: string): void;
  warn(error: unknown, text: string): void;
  now(): Date;
  newId(): string;
}) {
  const { store } = deps;
  const waiting = new Map<string, Waiting>();
  let rules = store.rules();

  const auditOf = (prompt: Prompt | null, by: Decider): Omit<AuditEntry, 'id' | 'action'> => ({
    at: deps.now().toISOString(),
    actor: by.name,
    address: by.address,
    conv_id: prompt?.conv_id ?? null,
    turn_id: prompt?.turn_id ?? null,
    prompt_id: prompt?.id ?? null,
    rule_id: null,
    tool: prompt?.tool ?? null,
    input: prompt ? truncateText(inputText(prompt.input), 2000).text : null,
    detail: null,
  });

  function close({ prompt, outcome, by, reply, ruleId, detail = null }: Closing): void {
    const audit = {
      ...auditOf(prompt, by),
      action: `prompt.${outcome}` as const,
      rule_id: ruleId ?? null,
      detail: detail && truncateText(detail, 4000).text,
    };
    store.close(prompt, { outcome, reply: reply ?? null, by: by.name, audit });
    waiting.get(prompt.id)?.timer?.stop();
    waiting.delete(prompt.id);
  }

  const covering = (call: Call) => coveringRules(rules, call, deps.now().toISOString());

  /** Answers for a person who gave a rule for it. */
  function allowByRule(
    { prompt, respond }: Pick<Waiting, 'prompt' | 'respond'>,
    used: readonly Rule[],
  ): void {
    store.note({
      ...auditOf(prompt, itself),
      action: 'rule.used',
      rule_id: used.map(({ id }) => id).join(' '),
    });
    respond({ decision: 'allow', input: prompt.input });
  }

  function timeOut({ prompt, respond }: Waiting): void {
    const interrupt = prompt.kind === 'budget';
    const message =
      `${nobodyAnswered} ${deps.timeoutS} s. This is not a refusal: nobody has seen the question. ` +
      'Go on with what needs no answer, and say at the end what you still need.';
    attempt('a prompt could not be closed', () => {
      close({ prompt, outcome: 'timed_out', by: itself });
      respond({ decision: 'deny', message, interrupt });
    });
  }

  function attempt(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      deps.warn(error, what);
    }
  }

  const closeUnanswered = (prompt: Prompt, outcome: 'withdrawn' | 'restarted') =>
    attempt('a prompt could not be closed', () => close({ prompt, outcome, by: itself }));

  /** The signal of an answered prompt is aborted as well. */
  function withdraw(prompt: Prompt): void {
    if (waiting.has(prompt.id)) closeUnanswered(prompt, 'withdrawn');
  }

  function reanswer(id: string, answer: PromptAnswer): Answered {
    const known = store.get(id);
    if (!known)
      throw new AppError('prompt_not_found', `There is no prompt ${JSON.stringify(id)}.`, { field: 'id' });
    const { prompt, outcome, reply } = known;
    if (outcome !== 'allowed' && outcome !== 'denied') {
      throw new AppError('prompt_withdrawn', `The prompt is ${outcome?.replace('_', ' ') ?? 'withdrawn'}.`, {
        turnId: prompt.turn_id,
      });
    }
    const before = JSON.parse(reply ?? byItself) as { said: string | null; rule: string | null };
    const said = toReply(prompt, answer);
    // What a rule has allowed meanwhile is not refused to who allows it too.
    const isSame =
      before.said === null
        ? said.decision === 'allow' && said.input === prompt.input
        : before.said === sameAnswer(said, answer);
    if (!isSame)
      throw new AppError('prompt_answered', `The prompt was ${outcome} with another answer.`, {
        turnId: prompt.turn_id,
      });
    const rule = rules.find((one) => one.id === before.rule);
    return { id, outcome, turn_id: prompt.turn_id, rule: rule ? marked(rule) : null };
  }

  /** Where a call leads, and what speaks against it. */
  async function judge({
    kind,
    tool,
    input,
    project,
    conv_id,
  }: Asked): Promise<{ call: Call; risks: string[] }> {
    const path = fileOf({ tool, input });
    const root = await deps.resolveFile(project, '/').catch(() => project);
    const file = path === null ? null : await deps.resolveFile(path, project).catch(() => null);
    const paths = pathsOf(tool, input, commandTextsOf(input).flatMap(partsOf));
    const sight = await deps.lookAtPaths(paths, project);
    const call: Call = { tool, input, file, obeyed: sight.obeyed, project, root, conv_id };
    return { call, risks: kind === 'permission' ? risksOf({ tool, input, project, ...sight }) : [] };
  }

  return {
    list: (): Prompt[] => [...waiting.values()].map(({ prompt }) => prompt),
    of: (turnId: string): Prompt[] =>
      [...waiting.values()].map(({ prompt }) => prompt).filter((prompt) => prompt.turn_id === turnId),

    /** Answers a prompt by a rule, or registers it to wait for a person until its signal withdraws it. */
    async ask(asked: Asked, { respond, signal }: ReplyChannel): Promise<void> {
      const { call, risks } = await judge(asked);
      const prompt: Prompt = { ...asked, risks, offers: asked.kind === 'permission' ? offersOf(call) : [] };
      if (signal.aborted) return;
      const used = prompt.kind === 'permission' ? covering(call) : null;
      if (used) return allowByRule({ prompt, respond }, used);
      store.open(prompt);
      const entry: Waiting = { prompt, call, respond, timer: undefined };
      if (deps.timeoutS !== null) entry.timer = startAwakeTimer(deps.timeoutS * 1000, () => timeOut(entry));
      waiting.set(prompt.id, entry);
      onAbort(signal, () => withdraw(prompt));
    },

    /** A person's answer. The same one again is fine. */
    answer(id: string, answer: PromptAnswer, by: Decider): Answered {
      const own = waiting.get(id);
      if (!own) return reanswer(id, answer);
      const { prompt } = own;
      const said = toReply(prompt, answer);
      const made = { id: deps.newId(), at: deps.now().toISOString(), by: by.name };
      const rule = answer.remember ? toRule(prompt, own.call, answer.remember, made) : null;
      const outcome = said.decision === 'allow' ? 'allowed' : 'denied';
      const { decision: _, remember: __, ...rest } = answer;
      const reply = JSON.stringify({ said: sameAnswer(said, answer), rule: rule?.id ?? null });
      // First, so that an answer that is on disk has its rule.
      if (rule) {
        store.addRule(rule, {
          ...auditOf(prompt, by),
          action: 'rule.created',
          rule_id: rule.id,
          detail: JSON.stringify(rule.match),
        });
        rules = [...rules, rule];
      }
      close({ prompt, outcome, by, reply, detail: inputText(rest), ...(rule ? { ruleId: rule.id } : {}) });
      if (!own.respond(said)) {
        store.close(prompt, {
          outcome: 'withdrawn',
          reply: null,
          by: null,
          audit: { ...auditOf(prompt, itself), action: 'prompt.withdrawn' },
        });
        throw new AppError('prompt_withdrawn', 'The agent has ended.', { turnId: prompt.turn_id });
      }
      if (prompt.kind === 'plan' && said.decision === 'allow')
        deps.onPlanAccepted(prompt.conv_id, said.permissionMode ?? 'default');
      if (rule) {
        for (const other of [...waiting.values()]) {
          const used = other.prompt.kind === 'permission' ? covering(other.call) : null;
          if (!used) continue;
          close({
            prompt: other.prompt,
            outcome: 'allowed',
            by: itself,
            reply: byItself,
            ruleId: used.map((one) => one.id).join(' '),
          });
          allowByRule(other, used);
        }
      }
      return { id, outcome, turn_id: prompt.turn_id, rule: rule && marked(rule) };
    },

    /** Lets the prompts of a kind go on that the given test says need no answer any more. */
    allowWhere(needsNone: (prompt: Prompt) => boolean): void {
      for (const { prompt, respond } of [...waiting.values()]) {
        if (!needsNone(prompt)) continue;
        close({ prompt, outcome: 'allowed', by: itself, reply: byItself });
        respond({ decision: 'allow', input: prompt.input });
      }
    },

    /** Closes the prompts of a turn that ends with the server, whether or not the agent withdraws them first. */
    closeRestarted(turnId: string): void {
      for (const { prompt } of [...waiting.values()])
        if (prompt.turn_id === turnId) closeUnanswered(prompt, 'restarted');
    },

    /** Closes what an earlier server left open. Gives it, so that its turns can say so. */
    closeLeft(): Prompt[] {
      const left = store.left();
      for (const prompt of left) close({ prompt, outcome: 'restarted', by: itself });
      return left;
    },

    rules: (): Rule[] => {
      const now = deps.now().toISOString();
      return rules.filter(({ until }) => until === null || until > now).map(marked);
    },
    revoke(id: string, by: Decider): void {
      const rule = rules.find((one) => one.id === id);
      if (!rule)
        throw new AppError('rule_not_found', `There is no rule ${JSON.stringify(id)}.`, { field: 'id' });
      store.removeRule(id, {
        ...auditOf(null, by),
        action: 'rule.revoked',
        rule_id: id,
        tool: rule.tool,
        detail: JSON.stringify(rule.match),
      });
      rules = rules.filter((one) => one.id !== id);
    },
    /** A conversation is forgotten, and what was allowed in it alone. */
    forget(convId: string): void {
      for (const rule of rules.filter(({ conv_id }) => conv_id === convId)) this.revoke(rule.id, itself);
    },
    /** What was asked in a conversation between two times, answered or not. */
    askedBetween: store.askedBetween,
    audit: (limit: number, before: number | undefined): AuditEntry[] => store.entries(limit, before),
    dispose(): void {
      for (const { timer } of waiting.values()) timer?.stop();
    },
  };
}

export type Prompts = ReturnType<typeof createPrompts>;
