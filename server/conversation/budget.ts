import type { Budget } from '../../contract/conversation.ts';
import { AppError } from '../app-error.ts';
import type { MappingStore, TurnStore } from '../store/port.ts';
import { ifStored } from '../util/if-stored.ts';

/** From this share on a budget is said to be nearly used up. */
const warnFrom = 0.8;

export function toBudget(limit: number | null | undefined, spent: number): Budget | null {
  if (limit === null || limit === undefined) return null;
  return { limit_usd: limit, spent_usd: spent, warning: spent >= limit * warnFrom, reached: spent >= limit };
}

/** What turns cost, in USD, and the limits on it: of each conversation, and of a day of this machine's clock. */
export class BudgetKeeper {
  readonly #turns: TurnStore;
  readonly #mapping: MappingStore;
  readonly #dayLimit: number | null;
  readonly #now: () => Date;
  readonly #byConversation: Map<string, number>;
  /** By running turn: what it has reported of its cost so far. */
  readonly #running = new Map<string, { convId: string; usd: number }>();
  #today = { from: '', usd: 0 };

  constructor(deps: { turns: TurnStore; mapping: MappingStore; dayLimit: number | null; now(): Date }) {
    this.#turns = deps.turns;
    this.#mapping = deps.mapping;
    this.#dayLimit = deps.dayLimit;
    this.#now = deps.now;
    this.#byConversation = new Map(deps.turns.spentByConversation());
  }

  getSpent(convId: string): number {
    return this.#settled(convId) + this.#sumRunning((_, conv) => conv === convId);
  }

  budgetOf(convId: string): Budget | null {
    return toBudget(this.#limitOf(convId), this.getSpent(convId));
  }

  day(): Budget | null {
    return toBudget(this.#dayLimit, this.#spentToday() + this.#sumRunning(() => true));
  }

  /** A turn has ended at this cost. */
  recordCost(turnId: string, convId: string, usd: number): void {
    this.#running.delete(turnId);
    this.#byConversation.set(convId, this.#settled(convId) + usd);
    const from = this.#dayStart();
    // A day that has just begun is read from the disk, which has this turn already.
    const isSameDay = this.#today.from === from;
    this.#today = { from, usd: isSameDay ? this.#today.usd + usd : this.#turns.spentSince(from) };
  }

  /** A running turn has spent this much so far. */
  recordSpending(turnId: string, convId: string, usd: number): void {
    this.#running.set(turnId, { convId, usd });
  }

  /** The cost that a running turn has reported so far. */
  spentSoFar(turnId: string): number {
    return this.#running.get(turnId)?.usd ?? 0;
  }

  forget(convId: string): void {
    this.#byConversation.delete(convId);
  }

  hasLimit(convId: string): boolean {
    return this.#limitOf(convId) !== null || this.#dayLimit !== null;
  }

  /** Throws AppError `budget_reached` if no further turn may begin. */
  requireBudget(convId: string): void {
    const describe = (budget: Budget) =>
      `${budget.spent_usd.toFixed(2)} of ${budget.limit_usd.toFixed(2)} USD are spent`;
    const own = this.budgetOf(convId);
    if (own?.reached) throw new AppError('budget_reached', `Conversation ${convId}: ${describe(own)}.`);
    const day = this.day();
    if (day?.reached) throw new AppError('budget_reached', `BUDGET_DAY_USD: ${describe(day)} today.`);
  }

  /** What a running turn may spend in total (USD), by the nearer limit. */
  remaining(turnId: string, convId: string): number {
    const own = this.#limitOf(convId);
    const others =
      this.#settled(convId) + this.#sumRunning((turn, conv) => turn !== turnId && conv === convId);
    const ofConversation = own === null ? Number.POSITIVE_INFINITY : own - others;
    if (this.#dayLimit === null) return ofConversation;
    const ofDay = this.#dayLimit - this.#spentToday() - this.#sumRunning((turn) => turn !== turnId);
    return Math.min(ofConversation, ofDay);
  }

  #settled(convId: string): number {
    return this.#byConversation.get(convId) ?? 0;
  }

  #limitOf(convId: string): number | null {
    return this.#mapping.get(convId)?.max_cost_usd ?? null;
  }

  #sumRunning(isCounted: (turnId: string, convId: string) => boolean): number {
    const counted = [...this.#running].filter(([turnId, { convId }]) => isCounted(turnId, convId));
    return counted.reduce((sum, [, { usd }]) => sum + usd, 0);
  }

  #dayStart(): string {
    const day = this.#now();
    day.setHours(0, 0, 0, 0);
    return day.toISOString();
  }

  #spentToday(): number {
    const from = this.#dayStart();
    if (this.#today.from === from) return this.#today.usd;
    const usd = ifStored(() => this.#turns.spentSince(from), null);
    // If it cannot be read now, the next call tries again.
    if (usd !== null) this.#today = { from, usd };
    return usd ?? 0;
  }
}
