import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { SessionLeases } from '../session/lease.ts';
import type { Journal, LiveStore, MappingStore } from '../store/port.ts';
import type { BudgetKeeper } from './budget.ts';
import type { ConversationRecords } from './records.ts';
import type { ActiveTurn, SchedulerState } from './state.ts';
import type { TurnPreparer } from './turn/prepare.ts';

/** A process that has answered may take this long to exit before another one starts in its session. */
const exitTimeoutMs = 3000;

type LiveSessionsDeps = {
  agent: Agent;
  leases: SessionLeases;
  mapping: MappingStore;
  journal: Journal;
  liveProcessStore: LiveStore;
  prompts: Pick<Prompts, 'allowUnneeded'>;
  schedulerState: SchedulerState;
  records: ConversationRecords;
  preparer: TurnPreparer;
  budgets: BudgetKeeper;
  now(): Date;
};

/** The live processes of conversations, outside of turns. */
export class LiveSessions {
  readonly #deps: LiveSessionsDeps;

  constructor(deps: LiveSessionsDeps) {
    this.#deps = deps;
  }

  /** Starts the live process of a conversation. False if none can be kept now. */
  async warmUp(id: string): Promise<boolean> {
    const { agent, leases, preparer, records } = this.#deps;
    const record = records.require(id);
    if (record.session_id && leases.isForTerminal(record.session_id)) return false;
    const sessionId = preparer.getSessionId(id, record);
    const isFree = () => leases.isFree(sessionId, 'live') || agent.live.isOpen(sessionId);
    // The process of a turn that has ended may be about to exit.
    if (!this.#findActiveTurn(sessionId)) await leases.waitUntil(isFree, AbortSignal.timeout(exitTimeoutMs));
    if (!isFree()) return false;
    const place = await preparer.resolveLocation(id, records.require(id), sessionId);
    try {
      await agent.live.warm(preparer.toLaunch(place, null));
    } catch (error) {
      if (error instanceof AppError) throw error;
      const detail = `The agent did not start: ${(error as Error).message}`;
      throw new AppError('agent_failed', detail, { cause: error });
    }
    return agent.live.isOpen(place.sessionId);
  }

  /** Throws AppError `task_not_found`. */
  async stopBackground(id: string, taskId: string): Promise<void> {
    const { session_id } = this.#deps.records.require(id);
    if (session_id && (await this.#deps.agent.live.stopTask(session_id, taskId))) return;
    const detail = `Conversation ${id} runs no background work ${JSON.stringify(taskId)}.`;
    throw new AppError('task_not_found', detail, { field: 'task' });
  }

  /** Applies changed settings to the process that runs, and to prompts about the budget. */
  async applySettings(id: string, changed: readonly string[]): Promise<void> {
    const { agent, preparer, records, schedulerState } = this.#deps;
    const record = records.require(id);
    const sessionId = record.session_id ?? schedulerState.plannedSessions.get(id);
    const active = sessionId ? this.#findActiveTurn(sessionId) : undefined;
    // A turn of another conversation in this session keeps its settings, and so does one with its own.
    const isOurs = !active || active.turn.conv_id === id;
    const settings = isOurs ? preparer.toAdjustments(record, changed, active?.turn.options ?? {}) : {};
    // A setting that a running process refuses applies from its next start.
    if (sessionId && Object.keys(settings).length)
      await agent.live.adjust(sessionId, settings).catch(() => {});
    this.#allowAffordable(id);
  }

  /** The live processes of an earlier server are gone, and their background work with them. */
  reportLostTasks(): void {
    const { journal, liveProcessStore, mapping, now, records } = this.#deps;
    const at = now().toISOString();
    for (const { conv_id, tasks } of liveProcessStore.left()) {
      liveProcessStore.set(conv_id, null);
      if (!mapping.get(conv_id)) continue;
      const end = {
        type: 'background.ended',
        conv_id,
        at,
        status: 'killed',
        summary: 'The server stopped.',
      } as const;
      journal.append(tasks.map((task) => ({ ...end, task })));
      records.announce(conv_id);
    }
  }

  #allowAffordable(id: string): void {
    const { budgets, prompts } = this.#deps;
    prompts.allowUnneeded((prompt) => {
      if (prompt.kind !== 'budget' || prompt.conv_id !== id) return false;
      const spent = Number(prompt.input['spent_usd']);
      return spent < budgets.remaining(prompt.turn_id, id);
    });
  }

  #findActiveTurn(sessionId: string): ActiveTurn | undefined {
    return [...this.#deps.schedulerState.active.values()].find(({ turn }) => turn.session_id === sessionId);
  }
}
