import {
  type ConversationOptions,
  optionNames,
  pickOptions,
  type StoredOptions,
} from '../../contract/conversation-options.ts';
import type { Agent } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { ConversationRecord, MappingStore, NewConversationRecord, TurnStore } from '../store/port.ts';
import type { BudgetKeeper } from './budget.ts';
import { requireRecord } from './record-lookup.ts';
import { findActiveTurn, isBusy, type SchedulerState } from './state.ts';

type ConversationRecordsDeps = {
  mapping: MappingStore;
  turns: TurnStore;
  schedulerState: SchedulerState;
  agent: Agent;
  budgets: BudgetKeeper;
  resolveProject(path: string): Promise<string>;
  checkArgs(args: readonly string[]): void;
  projectOf(record: Pick<ConversationRecord, 'project'>): string;
  /** A conversation was changed, made or removed. */
  announce(id: string): void;
  /** A conversation is gone: what belongs to it alone goes too. */
  onRemove(id: string): void;
  /** Runs the changes of one conversation one after the other: each reads, waits for the disk, and writes. */
  inTurn<T>(convId: string, work: () => Promise<T>): Promise<T>;
  defaultProject: string;
  now(): Date;
  newId(): string;
  newSessionId(): string;
};

type DraftOptions = ConversationOptions & { session_id?: string | undefined };

/** Creates, changes and removes conversations. */
export class ConversationRecords {
  readonly #deps: ConversationRecordsDeps;

  constructor(deps: ConversationRecordsDeps) {
    this.#deps = deps;
  }

  announce(id: string): void {
    this.#deps.announce(id);
  }

  /** Throws AppError `conversation_not_found`. */
  require(id: string): ConversationRecord {
    return requireRecord(this.#deps.mapping, id);
  }

  projectOf(record: ConversationRecord): string {
    return this.#deps.projectOf(record);
  }

  createId(): string {
    return this.#deps.newId();
  }

  /** For a change that no caller waits for, and that the turns on disk would restore. */
  saveLater(id: string, record: NewConversationRecord): void {
    this.#deps.mapping.note(id, record);
    this.#deps.announce(id);
  }

  /** Throws AppError `conversation_exists`. */
  requireFree(id: string): void {
    if (!this.#deps.mapping.get(id)) return;
    throw new AppError('conversation_exists', `There is a conversation ${JSON.stringify(id)} already.`, {
      field: 'id',
    });
  }

  /** The conversation of a message: created if it is new, moved to another session if the message names one. */
  async ensure(
    id: string,
    asked: { session_id?: string | undefined; project?: string | undefined },
  ): Promise<void> {
    const { mapping, projectOf, resolveProject, schedulerState } = this.#deps;
    const record = mapping.get(id);
    if (!record) {
      // The turn that follows stores what is needed to create it again: no caller needs to wait for this write.
      this.saveLater(id, await this.#createDraft(id, asked));
      return;
    }
    const wanted = asked.project === undefined ? undefined : await resolveProject(asked.project);
    if (asked.session_id && asked.session_id !== record.session_id) {
      if (isBusy(schedulerState, id)) {
        throw new AppError('conversation_busy', `Conversation ${id} works on another session now.`, {
          field: 'session_id',
        });
      }
      await this.#save(id, {
        ...record,
        session_id: asked.session_id,
        reset_at: this.#deps.now().toISOString(),
        project: await this.#findSessionProject(asked.session_id, wanted),
      });
    } else if (wanted !== undefined && wanted !== projectOf(record)) {
      this.#requireMovable(id, record, wanted);
      await this.#save(id, { ...record, project: wanted });
    }
  }

  /** The options that a copy of a conversation takes over. */
  copyOptions(record: ConversationRecord): StoredOptions {
    return pickOptions(
      record,
      optionNames(({ isCopied }) => isCopied),
    );
  }

  /** A conversation with a session that was just made for it. */
  adopt(id: string, options: StoredOptions & { session_id: string }): Promise<void> {
    return this.#deps.inTurn(id, async () => {
      this.requireFree(id);
      const at = this.#deps.now().toISOString();
      await this.#save(id, {
        created_at: at,
        ...options,
      });
    });
  }

  /** With `fork` it continues with a copy of the session, which itself stays as it is. Throws AppError `nothing_to_fork`. */
  create(id: string, { fork, ...options }: DraftOptions & { fork?: boolean | undefined }): Promise<void> {
    const { agent, inTurn, newSessionId, projectOf } = this.#deps;
    return inTurn(id, async () => {
      const record = await this.#createDraft(id, options);
      if (fork && record.session_id) {
        const sessionId = newSessionId();
        const isMade = await agent.transcripts.fork(
          { sessionId: record.session_id, project: projectOf(record), until: null },
          sessionId,
        );
        if (!isMade) throw new AppError('nothing_to_fork');
        record.session_id = sessionId;
      }
      await this.#save(id, record);
    });
  }

  change(id: string, changes: ConversationOptions): Promise<void> {
    const { checkArgs, inTurn, resolveProject } = this.#deps;
    return inTurn(id, async () => {
      const record = this.require(id);
      checkArgs(changes.extra_args ?? []);
      const { project: asked, ...rest } = changes;
      const project = asked === undefined ? undefined : await resolveProject(asked);
      if (project !== undefined) this.#requireMovable(id, record, project);
      const given = pickOptions(rest, optionNames());
      await this.#save(id, { ...this.require(id), ...given, ...(project === undefined ? {} : { project }) });
    });
  }

  remove(id: string): Promise<void> {
    const { announce, budgets, inTurn, mapping, onRemove, schedulerState, turns } = this.#deps;
    return inTurn(id, async () => {
      const record = this.require(id);
      if (isBusy(schedulerState, id))
        throw new AppError('conversation_busy', `A turn of conversation ${id} is running or queued.`, {
          field: 'id',
        });
      const sessionId = this.#sessionOf(id);
      // First: a removal that the disk refuses must have erased nothing. A crash before the next step brings it back.
      await mapping.remove(id).finally(() => announce(id));
      try {
        turns.forget(id);
      } catch (error) {
        this.saveLater(id, record);
        throw error;
      }
      budgets.forget(id);
      onRemove(id);
      this.#closeLiveProcess(id, sessionId);
      schedulerState.plannedSessions.delete(id);
    });
  }

  /** The next message begins a new session. */
  reset(id: string): Promise<void> {
    const { inTurn, mapping, now, schedulerState } = this.#deps;
    return inTurn(id, async () => {
      const record = mapping.get(id);
      if (!record) return;
      // A running turn ends in its session; the process of an idle one is no longer needed.
      if (!findActiveTurn(schedulerState, id)) this.#closeLiveProcess(id);
      schedulerState.plannedSessions.delete(id);
      await this.#save(id, { ...record, session_id: null, reset_at: now().toISOString() });
    });
  }

  /** The conversation that works in a session; of several the one that was used last. */
  findBySession(sessionId: string): string | null {
    const { mapping, schedulerState } = this.#deps;
    for (const [id, planned] of schedulerState.plannedSessions) if (planned === sessionId) return id;
    const matches = [...mapping.all()].filter(([, record]) => record.session_id === sessionId);
    const busy = matches.find(([id]) => findActiveTurn(schedulerState, id));
    return (
      (busy ?? matches.sort(([, a], [, b]) => (a.last_message_at < b.last_message_at ? 1 : -1))[0])?.[0] ??
      null
    );
  }

  async #save(id: string, record: NewConversationRecord): Promise<void> {
    try {
      await this.#deps.mapping.put(id, record);
    } finally {
      this.#deps.announce(id);
    }
  }

  /** The folder of a session, which must exist; a project that was asked for must be the same. */
  async #findSessionProject(sessionId: string, project: string | undefined): Promise<string> {
    const session = await this.#deps.agent.transcripts.find(sessionId, project);
    if (!session)
      throw new AppError('session_not_found', `There is no session ${sessionId} on this machine.`, {
        field: 'session_id',
      });
    const own = await this.#deps.resolveProject(session.project);
    if (project !== undefined && project !== own) {
      throw new AppError('project_mismatch', `Session ${sessionId} belongs to ${own}, not to ${project}.`, {
        field: 'project',
      });
    }
    return own;
  }

  /** The record of a new conversation. Throws if its folder, session or arguments cannot be used. */
  async #createDraft(id: string, options: DraftOptions): Promise<NewConversationRecord> {
    const { checkArgs, defaultProject, now, resolveProject } = this.#deps;
    checkArgs(options.extra_args ?? []);
    const { session_id, project: asked, ...rest } = options;
    const wanted = asked === undefined ? undefined : await resolveProject(asked);
    const project = session_id
      ? await this.#findSessionProject(session_id, wanted)
      : (wanted ?? defaultProject);
    const at = now().toISOString();
    this.requireFree(id);
    return {
      session_id: session_id ?? null,
      created_at: at,
      ...rest,
      project,
    };
  }

  /** A session continues in its own folder only; the CLI no longer checks that itself. */
  #requireMovable(id: string, record: ConversationRecord, project: string): void {
    const own = this.#deps.projectOf(record);
    if (project === own || !(record.session_id || isBusy(this.#deps.schedulerState, id))) return;
    throw new AppError('project_mismatch', `Conversation ${id} works in ${own}.`, { field: 'project' });
  }

  /** The session that a conversation has, or will begin with. */
  #sessionOf(id: string): string | undefined {
    const { mapping, schedulerState } = this.#deps;
    return mapping.get(id)?.session_id ?? schedulerState.plannedSessions.get(id);
  }

  /** Closes the live process of a conversation, unless another conversation works in the same session. */
  #closeLiveProcess(id: string, sessionId = this.#sessionOf(id)): void {
    const { agent, mapping } = this.#deps;
    const isShared = [...mapping.all()].some(
      ([other, record]) => other !== id && record.session_id === sessionId,
    );
    if (sessionId && !isShared) void agent.live.close(sessionId);
  }
}
