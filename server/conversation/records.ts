import type { BackgroundTask, ConversationSnapshot, ConversationSummary } from '../../contract/conversation.ts';
import type { ChangeConversation, ConversationOptions } from '../../contract/conversation-options.ts';
import type { HistoryMessage, HistoryPage } from '../../contract/message.ts';
import { liveTurn } from '../../contract/reducer.ts';
import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { ConversationRecord, Journal, MappingStore, TurnStore } from '../store/port.ts';
import type { TerminalTurns } from '../terminal/turn-port.ts';
import { contain } from '../util/contain.ts';
import { ifStored } from '../util/if-stored.ts';
import type { BudgetKeeper } from './budget.ts';
import { addWaits } from './prompt-waits.ts';
import { createSnapshotCache } from './snapshots.ts';
import { type ActiveTurn, findActiveTurn, isBusy, listQueued, type SchedulerState } from './state.ts';
import { toSummary } from './turn/result.ts';

/** How long history waits for a process that has answered to end: older versions write the answer 50 ms after they print it. */
const settleMs = 150;

/** The conversations: what they are called, which session each has, and how their turns run. */
export function createRecords(deps: {
  mapping: MappingStore;
  turns: TurnStore;
  journal: Journal;
  schedulerState: SchedulerState;
  agent: Agent;
  budgets: BudgetKeeper;
  resolveProject(path: string): Promise<string>;
  checkArgs(args: readonly string[]): void;
  /** A conversation is gone: what belongs to it alone goes too. */
  onRemove(id: string): void;
  /** Changes of one conversation come one after the other: each looks, waits for the disk, and writes. */
  inTurn<T>(convId: string, work: () => Promise<T>): Promise<T>;
  terminalTurns: Pick<TerminalTurns, 'isOpenInTerminal'>;
  prompts: Pick<Prompts, 'list' | 'askedBetween'>;
  defaultProject: string;
  defaults: { permissionMode: string; model: string | null };
  warn(error: unknown, text: string): void;
  now(): Date;
  newId(): string;
  newSessionId(): string;
}) {
  const { mapping, turns, journal, schedulerState, agent, budgets } = deps;
  const snapshots = createSnapshotCache({ journal, base: loadSnapshot });
  const changed = new Set<string>();

  function requireRecord(id: string): ConversationRecord {
    const record = mapping.get(id);
    if (!record) throw new AppError('conversation_not_found', `There is no conversation ${JSON.stringify(id)}.`, { field: 'id' });
    return record;
  }

  const projectOf = (record: ConversationRecord) => record.project ?? deps.defaultProject;

  function stateOf(id: string, active: ActiveTurn | null, queued: number): ConversationSummary['state'] {
    if (active) return active.turn.state === 'waiting' ? 'waiting' : 'running';
    // What its session asks in a terminal.
    if (deps.prompts.list().some((prompt) => prompt.conv_id === id)) return 'waiting';
    return queued ? 'queued' : 'idle';
  }

  function toSummaryRow(id: string, record: ConversationRecord, queued = listQueued(schedulerState, id).length): ConversationSummary {
    const active = findActiveTurn(schedulerState, id);
    return {
      id,
      title: record.title ?? id,
      session_id: record.session_id,
      project: projectOf(record),
      state: stateOf(id, active, queued),
      turn_id: active?.turn.id ?? null,
      queued,
      turn_count: record.turn_count,
      cost_usd: budgets.spentBy(id),
      max_cost_usd: record.max_cost_usd ?? null,
      budget: budgets.budgetOf(id),
      last_message: record.last_message,
      created_at: record.created_at,
      last_message_at: record.last_message_at,
      archived: record.archived ?? false,
      pinned: record.pinned ?? false,
      notify: record.notify ?? null,
      model: record.model ?? null,
      effort: record.effort ?? null,
      permission_mode: record.permission_mode ?? null,
      runs_with: {
        permission_mode: record.permission_mode ?? deps.defaults.permissionMode,
        model: record.model ?? deps.defaults.model,
        effort: record.effort ?? null,
      },
      live: agent.live.isOpen(record.session_id ?? schedulerState.plannedSessions.get(id) ?? ''),
      queue_paused: record.queue_paused ?? false,
      at_desk: deps.terminalTurns.isOpenInTerminal(record.session_id),
      desk_messages: record.desk_messages ?? 'wait',
    };
  }

  /** A conversation as the disk has it, to begin its snapshot from. */
  function loadSnapshot(id: string): ConversationSnapshot | null {
    const record = mapping.get(id);
    if (!record) return null;
    const active = findActiveTurn(schedulerState, id);
    const last = ifStored(() => turns.lastEnded(id), null);
    return {
      ...toSummaryRow(id, record),
      allowed_tools: record.allowed_tools ?? null,
      extra_args: record.extra_args ?? null,
      turn: active && liveTurn(toSummary(active.turn)),
      steered: [],
      queue: listQueued(schedulerState, id).map((turn) => toSummary(turn)),
      last_turn: last && toSummary(last),
      prompts: [],
      background: [],
      context: record.context ?? null,
      cursor: 0,
    };
  }

  /** Tells the readers of events how a conversation stands, once for all that changes at a time. */
  function announce(id: string): void {
    if (!changed.size) setImmediate(publishChanges);
    changed.add(id);
  }

  function publishChange(id: string): void {
    const record = mapping.get(id);
    const conversation = record ? toSummaryRow(id, record) : null;
    journal.append([{ type: 'conversation.changed', conv_id: id, at: deps.now().toISOString(), conversation }]);
  }

  function publishChanges(): void {
    const ids = [...changed];
    // First: what fails for one must not keep the others from being told, now or later.
    changed.clear();
    for (const id of ids) contain(publishChange, (error) => deps.warn(error, `the change of conversation ${id} could not be told`))(id);
  }

  async function save(id: string, record: ConversationRecord): Promise<void> {
    try {
      await mapping.put(id, record);
    } finally {
      announce(id);
    }
  }

  /** As `save`, for a change that nobody waits for, and that the turns on disk would bring back. */
  function saveLater(id: string, record: ConversationRecord): void {
    mapping.note(id, record);
    announce(id);
  }

  /** The folder of a session, which must exist; a project that was asked for must be the same. */
  async function adoptSession(sessionId: string, project: string | undefined): Promise<string> {
    const found = await agent.findSession(sessionId, project);
    if (!found) throw new AppError('session_not_found', `There is no session ${sessionId} on this machine.`, { field: 'session_id' });
    const own = await deps.resolveProject(found.project);
    if (project !== undefined && project !== own) {
      throw new AppError('project_mismatch', `Session ${sessionId} belongs to ${own}, not to ${project}.`, { field: 'project' });
    }
    return own;
  }

  /** Throws AppError `conversation_exists`. */
  function checkFree(id: string): void {
    if (mapping.get(id)) throw new AppError('conversation_exists', `There is a conversation ${JSON.stringify(id)} already.`, { field: 'id' });
  }

  /** The record of a new conversation. Throws where its folder, session or arguments cannot be used. */
  async function createDraft(id: string, options: ConversationOptions & { session_id?: string | undefined }): Promise<ConversationRecord> {
    deps.checkArgs(options.extra_args ?? []);
    const { session_id, project: asked, ...rest } = options;
    const wanted = asked === undefined ? undefined : await deps.resolveProject(asked);
    const project = session_id ? await adoptSession(session_id, wanted) : (wanted ?? deps.defaultProject);
    const at = deps.now().toISOString();
    checkFree(id);
    return { session_id: session_id ?? null, created_at: at, last_message_at: at, turn_count: 0, last_message: null, ...rest, project };
  }

  /** The conversation that a message is for: made where it is new, moved to another session where one is named. */
  async function ensureConversation(id: string, asked: { session_id?: string | undefined; project?: string | undefined }): Promise<void> {
    const record = mapping.get(id);
    if (!record) {
      // The turn that follows keeps on disk what is needed to make it again: this write need not be waited for.
      saveLater(id, await createDraft(id, asked));
      return;
    }
    const wanted = asked.project === undefined ? undefined : await deps.resolveProject(asked.project);
    if (asked.session_id && asked.session_id !== record.session_id) {
      if (isBusy(schedulerState, id))
        throw new AppError('conversation_busy', `Conversation ${id} works on another session now.`, { field: 'session_id' });
      await save(id, { ...record, session_id: asked.session_id, project: await adoptSession(asked.session_id, wanted) });
    } else if (wanted !== undefined && wanted !== projectOf(record)) {
      await save(id, { ...record, project: requireMovable(id, record, wanted) });
    }
  }

  /** A session goes on in its own folder only; the CLI no longer checks that itself. */
  function requireMovable(id: string, record: ConversationRecord, project: string): string {
    if ((record.session_id || isBusy(schedulerState, id)) && project !== projectOf(record)) {
      throw new AppError('project_mismatch', `Conversation ${id} works in ${projectOf(record)}.`, { field: 'project' });
    }
    return project;
  }

  /** Closes the live process of a conversation, unless another one works in the same session. */
  function closeLive(id: string): void {
    const sessionId = mapping.get(id)?.session_id ?? schedulerState.plannedSessions.get(id);
    const isShared = [...mapping.all()].some(([other, record]) => other !== id && record.session_id === sessionId);
    if (sessionId && !isShared) void agent.live.close(sessionId);
  }

  return {
    need: requireRecord,
    checkFree,
    projectOf,
    ensure: ensureConversation,
    announce,
    saveLater,
    newId: deps.newId,

    list(query: { q?: string | undefined; archived?: boolean | undefined }): ConversationSummary[] {
      const q = query.q?.toLowerCase();
      const queued = new Map<string, number>();
      for (const turn of schedulerState.queue) queued.set(turn.conv_id, (queued.get(turn.conv_id) ?? 0) + 1);
      const rows: ConversationSummary[] = [];
      for (const [id, record] of mapping.all()) {
        if (query.archived !== undefined && (record.archived ?? false) !== query.archived) continue;
        if (q && !`${id}\n${record.title ?? ''}\n${record.last_message ?? ''}`.toLowerCase().includes(q)) continue;
        rows.push(toSummaryRow(id, record, queued.get(id) ?? 0));
      }
      return rows.sort((a, b) => (a.last_message_at < b.last_message_at ? 1 : a.last_message_at > b.last_message_at ? -1 : 0));
    },

    /** What a conversation like another one has of it. */
    copyOptions(record: ConversationRecord): Partial<ConversationRecord> {
      const {
        session_id: _,
        created_at,
        last_message_at,
        turn_count,
        last_message,
        reset_at,
        settled_turn,
        archived,
        pinned,
        queue_paused,
        desk_messages,
        context,
        ...options
      } = record;
      return options;
    },

    /** A conversation on a session that was just made for it. */
    adopt: (id: string, options: Partial<ConversationRecord> & { session_id: string }): Promise<void> =>
      deps.inTurn(id, async () => {
        checkFree(id);
        const at = deps.now().toISOString();
        await save(id, { created_at: at, last_message_at: at, turn_count: 0, last_message: null, ...options });
      }),

    /** With `fork` it goes on with a copy of the session, which itself stays as it is. Throws AppError `nothing_to_fork`. */
    create: (
      id: string,
      { fork, ...options }: ConversationOptions & { session_id?: string | undefined; fork?: boolean | undefined },
    ): Promise<void> =>
      deps.inTurn(id, async () => {
        const record = await createDraft(id, options);
        if (fork && record.session_id) {
          const sessionId = deps.newSessionId();
          const isMade = await agent.fork({ sessionId: record.session_id, project: projectOf(record), until: null }, sessionId);
          if (!isMade) throw new AppError('nothing_to_fork');
          record.session_id = sessionId;
        }
        await save(id, record);
      }),

    snapshot(id: string): ConversationSnapshot {
      requireRecord(id);
      publishChanges();
      return snapshots.get(id) as ConversationSnapshot;
    },

    /** Background work with the last lines of its output. */
    async withTails({ background, session_id }: ConversationSnapshot): Promise<BackgroundTask[]> {
      if (!background.length || !session_id) return background;
      const tails = await agent.live.readOutputTails(session_id).catch(() => new Map<string, string>());
      return background.map((task) => ({ ...task, ...(tails.has(task.id) ? { tail: tails.get(task.id) } : {}) }));
    },

    /** The conversation that works in a session: of several the one that was used last. */
    findBySession(sessionId: string): string | null {
      for (const [id, reserved] of schedulerState.plannedSessions) if (reserved === sessionId) return id;
      const found = [...mapping.all()].filter(([, record]) => record.session_id === sessionId);
      const busy = found.find(([id]) => findActiveTurn(schedulerState, id));
      return (busy ?? found.sort(([, a], [, b]) => (a.last_message_at < b.last_message_at ? 1 : -1))[0])?.[0] ?? null;
    },

    change: (id: string, changes: Omit<ChangeConversation, keyof ConversationOptions> & ConversationOptions): Promise<void> =>
      deps.inTurn(id, async () => {
        const record = requireRecord(id);
        deps.checkArgs(changes.extra_args ?? []);
        const { project: asked, ...rest } = changes;
        const project = asked === undefined ? undefined : requireMovable(id, record, await deps.resolveProject(asked));
        const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
        await save(id, { ...requireRecord(id), ...given, ...(project === undefined ? {} : { project }) });
      }),

    remove: (id: string): Promise<void> =>
      deps.inTurn(id, async () => {
        requireRecord(id);
        if (isBusy(schedulerState, id))
          throw new AppError('conversation_busy', `A turn of conversation ${id} is running or queued.`, { field: 'id' });
        // Turns first: a mapping without its turns is whole, turns without a mapping would bring it back at the next start.
        turns.forget(id);
        budgets.forget(id);
        deps.onRemove(id);
        closeLive(id);
        schedulerState.plannedSessions.delete(id);
        await mapping.remove(id).finally(() => announce(id));
      }),

    reset: (id: string): Promise<void> =>
      deps.inTurn(id, async () => {
        const record = mapping.get(id);
        if (!record) return;
        // A turn that runs ends in its session; the process of one that rests is of no more use.
        if (!findActiveTurn(schedulerState, id)) closeLive(id);
        schedulerState.plannedSessions.delete(id);
        await save(id, { ...record, session_id: null, reset_at: deps.now().toISOString() });
      }),

    async history(id: string, page: { limit: number; before?: string | undefined }): Promise<HistoryPage> {
      const record = requireRecord(id);
      if (!record.session_id) return { messages: [], turns: [], before: null, session_id: null };
      const leaving = [...schedulerState.draining.values()].find((held) => held.sessionId === record.session_id);
      if (leaving && page.before === undefined) await waitAtMost(leaving.run.exited, settleMs);
      const found = await agent.history(record.session_id, projectOf(record), page);
      const [first, last] = [found.messages[0], found.messages.at(-1)];
      if (!first || !last) return { ...found, turns: [], session_id: record.session_id };
      // The transcript is the truth; what the journal adds to it may be out of reach.
      const asked = ifStored(() => deps.prompts.askedBetween(id, first.at, deps.now().toISOString()), []);
      const { messages, turns: ended } = addWaits({ ...found, turns: ifStored(() => turns.endedBetween(id, first.at, last.at), []) }, asked);
      return { ...found, messages, turns: ended, session_id: record.session_id };
    },

    /** All that was said, in its order. */
    wholeHistory(id: string): AsyncIterable<HistoryMessage> {
      const record = requireRecord(id);
      return record.session_id ? agent.wholeHistory(record.session_id, projectOf(record)) : nothing();
    },
  };
}

async function* nothing(): AsyncGenerator<HistoryMessage> {}

export type ConversationRecords = ReturnType<typeof createRecords>;

async function waitAtMost(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
