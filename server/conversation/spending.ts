import type { Budget } from '../../contract/conversation.ts';
import { AppError } from '../app-error.ts';
import type { MappingStore, TurnStore } from '../store/port.ts';

/** From this share on a budget is said to be nearly used up. */
const warnFrom = 0.8;

export function toBudget(limit: number | null | undefined, spent: number): Budget | null {
  if (limit === null || limit === undefined) return null;
  return { limit_usd: limit, spent_usd: spent, warning: spent >= limit * warnFrom, reached: spent >= limit };
}

/** What turns cost, in USD, and the limits on it: of each conversation, and of a day of this machine's clock. */
export function createSpending(deps: { turns: TurnStore; mapping: MappingStore; dayLimit: number | null; now(): Date }) {
  const byConversation = deps.turns.spentByConversation();
  let today = { from: '', usd: 0 };

  function dayStart(): string {
    const day = deps.now();
    day.setHours(0, 0, 0, 0);
    return day.toISOString();
  }

  function spentToday(): number {
    const from = dayStart();
    if (today.from !== from) today = { from, usd: deps.turns.spentSince(from) };
    return today.usd;
  }

  const spentBy = (convId: string) => byConversation.get(convId) ?? 0;
  const budgetOf = (convId: string) => toBudget(deps.mapping.get(convId)?.max_cost_usd, spentBy(convId));
  const day = () => toBudget(deps.dayLimit, spentToday());

  return {
    spentBy,
    budgetOf,
    day,
    note(convId: string, usd: number): void {
      const spent = spentToday();
      byConversation.set(convId, spentBy(convId) + usd);
      today = { ...today, usd: spent + usd };
    },
    forget: (convId: string): void => void byConversation.delete(convId),
    /** Throws AppError `budget_reached` where no further turn may begin. */
    check(convId: string): void {
      const words = (budget: Budget) => `${budget.spent_usd.toFixed(2)} of ${budget.limit_usd.toFixed(2)} USD are spent`;
      const own = budgetOf(convId);
      if (own?.reached) throw new AppError('budget_reached', `Conversation ${convId}: ${words(own)}.`);
      const all = day();
      if (all?.reached) throw new AppError('budget_reached', `BUDGET_DAY_USD: ${words(all)} today.`);
    },
    /** What may still be spent in a conversation (USD), by the limit that is nearer; null without a limit. */
    left(convId: string): number | null {
      const rests = [budgetOf(convId), day()].filter((budget) => budget !== null).map((budget) => budget.limit_usd - budget.spent_usd);
      return rests.length ? Math.min(...rests) : null;
    },
  };
}

export type Spending = ReturnType<typeof createSpending>;
