import type { Prompt, Rule } from '../../contract/prompt.ts';
import { AppError } from '../app-error.ts';
import type { PromptStore } from '../store/port.ts';
import { automatic, type Decider, toAuditEntry } from './audit-entry.ts';
import { boundedStart } from './bounded.ts';
import { type Call, coveringRules, onlyPart } from './rule-match.ts';

type RuleStore = Pick<PromptStore, 'rules' | 'addRule' | 'removeRule'>;

/** Adds to a rule whether it allows a program that runs or changes whatever it is given. */
function markRule(rule: Rule): Rule {
  const { match } = rule;
  const allowsAnything =
    match.by === 'command' && !match.exact && boundedStart(onlyPart(match.command) ?? []) === null;
  return { ...rule, allows_anything: allowsAnything };
}

/** The rules by which prompts are allowed without asking a person. */
export class PromptRules {
  readonly #store: RuleStore;
  readonly #now: () => Date;
  #rules: readonly Rule[];

  constructor(store: RuleStore, now: () => Date) {
    this.#store = store;
    this.#now = now;
    this.#rules = store.rules();
  }

  list(): Rule[] {
    const now = this.#now().toISOString();
    return this.#rules.filter(({ until }) => until === null || until > now).map(markRule);
  }

  find(id: string | null): Rule | null {
    const rule = this.#rules.find((one) => one.id === id);
    return rule ? markRule(rule) : null;
  }

  /** The rules that together cover a call; null if they do not. */
  findCovering(call: Call): readonly Rule[] | null {
    return coveringRules(this.#rules, call, this.#now().toISOString());
  }

  add(rule: Rule, prompt: Prompt, by: Decider): void {
    this.#store.addRule(rule, {
      ...toAuditEntry(prompt, by, this.#now().toISOString()),
      action: 'rule.created',
      rule_id: rule.id,
      detail: JSON.stringify(rule.match),
    });
    this.#rules = [...this.#rules, rule];
  }

  /** Throws AppError `rule_not_found`. */
  revoke(id: string, by: Decider): void {
    const rule = this.#rules.find((one) => one.id === id);
    if (!rule)
      throw new AppError('rule_not_found', `There is no rule ${JSON.stringify(id)}.`, { field: 'id' });
    this.#store.removeRule(id, {
      ...toAuditEntry(null, by, this.#now().toISOString()),
      action: 'rule.revoked',
      rule_id: id,
      tool: rule.tool,
      detail: JSON.stringify(rule.match),
    });
    this.#rules = this.#rules.filter((one) => one.id !== id);
  }

  /** Revokes the rules that hold in one conversation only. */
  revokeOfConversation(convId: string): void {
    for (const { id, conv_id } of this.#rules) if (conv_id === convId) this.revoke(id, automatic);
  }
}
