import type { AskedPrompt } from '../../port.ts';
import type { ControlCommands } from './control-commands.ts';
import type { LiveTurn, LiveTurns } from './turns.ts';

/** What a turn with a budget has spent, and may spend, in USD. */
type Spending = { spent: number; left: number };

/** The spending of a turn that has used up its budget; null if it may continue, or if the CLI cannot say. */
export async function findOverspending(
  turn: LiveTurn,
  deps: { turns: LiveTurns; control: ControlCommands; signal: AbortSignal },
): Promise<Spending | null> {
  if (!turn.budget) return null;
  const total = await deps.control.getTotalCost().catch(() => null);
  if (total === null || deps.signal.aborted) return null;
  const spent = deps.turns.getCost(turn, total);
  const left = turn.budget.left(spent);
  return spent < left ? null : { spent, left };
}

/** Asks a person whether a turn may spend more. */
export const toBudgetPrompt = (id: string, tool: string, { spent, left }: Spending): AskedPrompt => ({
  id,
  kind: 'budget',
  tool,
  input: { spent_usd: spent, left_usd: left },
  reason: 'The budget is used up.',
  parent_tool_id: null,
});
