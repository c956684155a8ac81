import type {
  BackgroundTask,
  ConversationSnapshot,
  ConversationSummary,
} from '../../contract/conversation.ts';
import { showOptions } from '../../contract/conversation-options.ts';
import type { HistoryMessage, HistoryPage } from '../../contract/message.ts';
import { liveTurn } from '../../contract/reducer.ts';
import type { Agent } from '../agent/port.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { SessionLeases } from '../session/lease.ts';
import type { ConversationRecord, Journal, MappingStore, TurnStore } from '../store/port.ts';
import { ifStored } from '../util/if-stored.ts';
import type { BudgetKeeper } from './budget.ts';
import { addWaits } from './prompt-waits.ts';
import { requireRecord } from './record-lookup.ts';
import { createSnapshotCache } from './snapshots.ts';
import { type ActiveTurn, findActiveTurn, listQueued, type SchedulerState } from './state.ts';
import { type RunDefaults, toEffectiveOptions } from './turn/launch-options.ts';
import { toSummary } from './turn/result.ts';

/** How long history waits for a process that has answered to end: older versions write the answer 50 ms after they print it. */
const exitTimeoutMs = 150;

type ConversationViewsDeps = {
  mapping: MappingStore;
  turns: TurnStore;
  journal: Journal;
  schedulerState: SchedulerState;
  agent: Agent;
  budgets: BudgetKeeper;
  leases: SessionLeases;
  prompts: Pick<Prompts, 'list' | 'askedBetween'>;
  projectOf(record: ConversationRecord): string;
  defaults: RunDefaults;
  now(): Date;
};

/** A conversation that continues a session, as the list of sessions shows it. */
export type SessionConversation = {
  id: string;
  title: string | null;
  state: 'idle' | 'running' | 'waiting';
  lastMessageAt: string;
};

/** What can be read of conversations: rows of the list, snapshots, history. Changes nothing. */
export class ConversationViews {
  readonly #deps: ConversationViewsDeps;
  readonly #snapshots: ReturnType<typeof createSnapshotCache>;

  constructor(deps: ConversationViewsDeps) {
    this.#deps = deps;
    this.#snapshots = createSnapshotCache({ journal: deps.journal, base: (id) => this.#loadSnapshot(id) });
  }

  /** A row of the list; null if there is no such conversation. */
  summarize(id: string): ConversationSummary | null {
    const record = this.#deps.mapping.get(id);
    return record ? this.#toSummary(id, record, listQueued(this.#deps.schedulerState, id).length) : null;
  }

  /** Newest first. */
  list(query: { q?: string | undefined; archived?: boolean | undefined }): ConversationSummary[] {
    const q = query.q?.toLowerCase();
    const queued = new Map<string, number>();
    for (const turn of this.#deps.schedulerState.queue)
      queued.set(turn.conv_id, (queued.get(turn.conv_id) ?? 0) + 1);
    const rows: ConversationSummary[] = [];
    for (const [id, record] of this.#deps.mapping.all()) {
      if (query.archived !== undefined && (record.archived ?? false) !== query.archived) continue;
      if (q && !`${id}\n${record.title ?? ''}\n${record.last_message ?? ''}`.toLowerCase().includes(q))
        continue;
      rows.push(this.#toSummary(id, record, queued.get(id) ?? 0));
    }
    return rows.sort((a, b) =>
      a.last_message_at < b.last_message_at ? 1 : a.last_message_at > b.last_message_at ? -1 : 0,
    );
  }

  /** Throws AppError `conversation_not_found`. */
  getSnapshot(id: string): ConversationSnapshot {
    requireRecord(this.#deps.mapping, id);
    return this.#snapshots.get(id) as ConversationSnapshot;
  }

  /** Background work with the last lines of its output. */
  async readBackground({ background, session_id }: ConversationSnapshot): Promise<BackgroundTask[]> {
    if (!background.length || !session_id) return background;
    const tails = await this.#deps.agent.live
      .readOutputTails(session_id)
      .catch(() => new Map<string, string>());
    return background.map((task) => ({
      ...task,
      ...(tails.has(task.id) ? { tail: tails.get(task.id) } : {}),
    }));
  }

  async readHistory(id: string, page: { limit: number; before?: string | undefined }): Promise<HistoryPage> {
    const { agent, mapping, projectOf, prompts, turns, schedulerState, now } = this.#deps;
    const record = requireRecord(mapping, id);
    if (!record.session_id) return { messages: [], turns: [], before: null, session_id: null };
    const leaving = [...schedulerState.draining.values()].find(
      ({ sessionId }) => sessionId === record.session_id,
    );
    if (leaving && page.before === undefined) await waitAtMost(leaving.run.exited, exitTimeoutMs);
    const history = await agent.transcripts.readPage(record.session_id, projectOf(record), page);
    const [first, last] = [history.messages[0], history.messages.at(-1)];
    if (!first || !last) return { ...history, turns: [], session_id: record.session_id };
    // The transcript is the truth; what the journal adds to it may be out of reach.
    const asked = ifStored(() => prompts.askedBetween(id, first.at, now().toISOString()), []);
    const ended = ifStored(() => turns.endedBetween(id, first.at, last.at), []);
    const shown = addWaits({ ...history, turns: ended }, asked);
    return { ...history, messages: shown.messages, turns: shown.turns, session_id: record.session_id };
  }

  /** Every message, in order. */
  readWholeHistory(id: string): AsyncIterable<HistoryMessage> {
    const record = requireRecord(this.#deps.mapping, id);
    return record.session_id
      ? this.#deps.agent.transcripts.readAll(record.session_id, this.#deps.projectOf(record))
      : nothing();
  }

  /** The conversation of each session; if several continue one, the one that was used last. */
  mapBySession(): ReadonlyMap<string, SessionConversation> {
    const { mapping, schedulerState } = this.#deps;
    const conversations = new Map<string, SessionConversation>();
    for (const [id, { session_id, title = null, last_message_at: lastMessageAt }] of mapping.all()) {
      if (!session_id || (conversations.get(session_id)?.lastMessageAt ?? '') > lastMessageAt) continue;
      const turn = findActiveTurn(schedulerState, id)?.turn;
      const state = !turn ? 'idle' : turn.state === 'waiting' ? 'waiting' : 'running';
      conversations.set(session_id, { id, title, state, lastMessageAt });
    }
    return conversations;
  }

  getStats(): { running: number; waiting: number; queued: number } {
    const { active, queue } = this.#deps.schedulerState;
    const waiting = [...active.values()].filter(({ turn }) => turn.state === 'waiting').length;
    return { running: active.size, waiting, queued: queue.length };
  }

  #toSummary(id: string, record: ConversationRecord, queued: number): ConversationSummary {
    const { agent, budgets, defaults, leases, projectOf, schedulerState } = this.#deps;
    const active = findActiveTurn(schedulerState, id);
    const isInTerminal = record.session_id !== null && leases.isForTerminal(record.session_id);
    return {
      id,
      ...showOptions({ ...record, title: record.title ?? id, project: projectOf(record) }),
      session_id: record.session_id,
      state: this.#stateOf(id, active, queued),
      turn_id: active?.turn.id ?? null,
      queued,
      turn_count: record.turn_count,
      cost_usd: budgets.getSpent(id),
      budget: budgets.budgetOf(id),
      last_message: record.last_message,
      created_at: record.created_at,
      last_message_at: record.last_message_at,
      runs_with: toEffectiveOptions(record, defaults),
      live: agent.live.isOpen(record.session_id ?? schedulerState.plannedSessions.get(id) ?? ''),
      in_terminal: isInTerminal,
      // The name of earlier versions.
      at_desk: isInTerminal,
    };
  }

  #stateOf(id: string, active: ActiveTurn | null, queued: number): ConversationSummary['state'] {
    if (active) return active.turn.state === 'waiting' ? 'waiting' : 'running';
    // A prompt of its session in a terminal.
    if (this.#deps.prompts.list().some((prompt) => prompt.conv_id === id)) return 'waiting';
    return queued ? 'queued' : 'idle';
  }

  /** A conversation as the disk has it, from which its snapshot begins. */
  #loadSnapshot(id: string): ConversationSnapshot | null {
    const { mapping, schedulerState, turns } = this.#deps;
    const record = mapping.get(id);
    if (!record) return null;
    const active = findActiveTurn(schedulerState, id);
    const queue = listQueued(schedulerState, id);
    const last = ifStored(() => turns.lastEnded(id), null);
    return {
      ...this.#toSummary(id, record, queue.length),
      turn: active && liveTurn(toSummary(active.turn)),
      steered: [],
      queue: queue.map((turn) => toSummary(turn)),
      last_turn: last && toSummary(last),
      prompts: [],
      background: [],
      context: record.context ?? null,
      cursor: 0,
    };
  }
}

async function* nothing(): AsyncGenerator<HistoryMessage> {}

async function waitAtMost(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
