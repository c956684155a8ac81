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
export function createBudget(deps: {
  turns: TurnStore;
  mapping: MappingStore;
  dayLimit: number | null;
  now(): Date;
}) {
  const byConversation = deps.turns.spentByConversation();
  /** What running turns have spent so far, as far as they told. */
  const running = new Map<string, { convId: string; usd: number }>();
  let today = { from: '', usd: 0 };

  function dayStart(): string {
    const day = deps.now();
    day.setHours(0, 0, 0, 0);
    return day.toISOString();
  }

  function spentToday(): number {
    const from = dayStart();
    if (today.from === from) return today.usd;
    const usd = ifStored(() => deps.turns.spentSince(from), null);
    // It is asked again when it can be read.
    if (usd !== null) today = { from, usd };
    return usd ?? 0;
  }

  const runningIn = (isMeant: (turnId: string, convId: string) => boolean) =>
    [...running].reduce((sum, [turnId, { convId, usd }]) => (isMeant(turnId, convId) ? sum + usd : sum), 0);
  const getSpent = (convId: string) =>
    (byConversation.get(convId) ?? 0) + runningIn((_, conv) => conv === convId);
  const limitOf = (convId: string) => deps.mapping.get(convId)?.max_cost_usd ?? null;
  const budgetOf = (convId: string) => toBudget(limitOf(convId), getSpent(convId));
  const day = () => toBudget(deps.dayLimit, spentToday() + runningIn(() => true));

  return {
    getSpent,
    budgetOf,
    day,
    /** A turn has ended, and cost so much. */
    recordCost(turnId: string, convId: string, usd: number): void {
      running.delete(turnId);
      byConversation.set(convId, (byConversation.get(convId) ?? 0) + usd);
      const from = dayStart();
      // A day that has just begun is read from the disk, which has this turn already.
      today =
        today.from === from ? { from, usd: today.usd + usd } : { from, usd: deps.turns.spentSince(from) };
    },
    /** What a running turn has told of its cost so far. */
    spentSoFar: (turnId: string): number => running.get(turnId)?.usd ?? 0,
    forget: (convId: string): void => void byConversation.delete(convId),
    /** Throws AppError `budget_reached` where no further turn may begin. */
    requireBudget(convId: string): void {
      const words = (budget: Budget) =>
        `${budget.spent_usd.toFixed(2)} of ${budget.limit_usd.toFixed(2)} USD are spent`;
      const own = budgetOf(convId);
      if (own?.reached) throw new AppError('budget_reached', `Conversation ${convId}: ${words(own)}.`);
      const all = day();
      if (all?.reached) throw new AppError('budget_reached', `BUDGET_DAY_USD: ${words(all)} today.`);
    },
    hasLimit: (convId: string): boolean => limitOf(convId) !== null || deps.dayLimit !== null,
    /** A running turn has spent this much so far. */
    recordSpending: (turnId: string, convId: string, usd: number): void =>
      void running.set(turnId, { convId, usd }),
    /** What a running turn may spend in all (USD), by the limit that is nearer. */
    remaining(turnId: string, convId: string): number {
      const own = limitOf(convId);
      const others =
        (byConversation.get(convId) ?? 0) + runningIn((turn, conv) => turn !== turnId && conv === convId);
      const today =
        deps.dayLimit === null
          ? Number.POSITIVE_INFINITY
          : deps.dayLimit - spentToday() - runningIn((turn) => turn !== turnId);
      return Math.min(own === null ? Number.POSITIVE_INFINITY : own - others, today);
    },
  };
}

export type BudgetKeeper = ReturnType<typeof createBudget>;
