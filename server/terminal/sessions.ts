import type { Agent, LiveSession, TerminalLaunch } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { SessionRecords } from '../session-record/records.ts';
import { createMutex } from '../util/mutex.ts';
import { pollUntil } from './poll.ts';
import { type Multiplexer, type Pane, type TerminalListener, type TerminalStream, TmuxError } from './port.ts';
import { createTerminalTyping, terminalFailed } from './typing.ts';

/** Claude Code is ready 0.5 s (2.1.329) to 3 s after its start; a crowded machine takes longer. */
const readyMs = 30_000;

/** It rests within this after Escape. */
const restMs = 2_500;

/** A message that it puts back into its box after that is there within this. */
const putBackMs = 300;

const exitMs = 5_000;

/** So much of what it printed says why it did not come up. */
const lastBytes = 8192;

/** A question that is still there after this is one of those before the start: whether the folder is trusted, a sign-in. */
const asksMs = 5_000;
const asks = /Enter to confirm|Esc to cancel|Press Enter to continue|Select login method/;

const terminalName = (sessionId: string) => `sb-${sessionId}`;

export type TerminalSessionsDeps = {
  agent: Agent;
  terminals: Multiplexer;
  archive: SessionRecords;
  /** Writes the settings by which a terminal tells what it asks. */
  prepareHooks(recordId: string, permissionMode: string): Promise<{ path: string; hash: string; discard(): Promise<void> }>;
  newSessionId(): string;
  /** A session is no longer about to be opened. */
  onRelease(sessionId: string): void;
  now(): Date;
};

/** Sessions in terminals of ours, to which a person can attach. */
export function createTerminalSessions({ agent, terminals, archive, prepareHooks, newSessionId, onRelease, now }: TerminalSessionsDeps) {
  const findLive = async (id: string): Promise<LiveSession | undefined> => (await agent.liveSessions()).find(({ sessionId }) => sessionId === id);

  async function requirePane(id: string): Promise<{ pane: Pane; live: LiveSession | undefined }> {
    const [lives, panes] = await Promise.all([agent.liveSessions(), terminals.listPanes()]);
    const live = lives.find(({ sessionId }) => sessionId === id);
    // /clear gives a process another session: then its pane is that one's, whatever it is called.
    const isOther = ({ pid }: Pane) => lives.some((one) => one.pid === pid);
    const isMeant = (one: Pane) => (live ? one.pid === live.pid : one.name === terminalName(id) && !isOther(one));
    const pane = panes.find((one) => !one.isDead && archive.isOwnProcess(one.pid) && isMeant(one));
    if (!pane) throw new AppError('terminal_not_ours', `Session ${id} is in no terminal that was started here.`, { field: 'id' });
    return { pane, live };
  }

  /** Works with the pane of a session. Throws AppError `terminal_not_ours` if it ends meanwhile. */
  async function withPane<T>(id: string, work: (found: { pane: Pane; live: LiveSession | undefined }) => Promise<T> | T): Promise<T> {
    const found = await requirePane(id);
    try {
      return await work(found);
    } catch (error) {
      if (error instanceof AppError && !(error instanceof TmuxError)) throw error;
      const isThere = (await terminals.listPanes()).some((pane) => pane.id === found.pane.id && !pane.isDead);
      if (isThere) throw error;
      throw new AppError('terminal_not_ours', `The terminal of session ${id} has just ended.`, { field: 'id' });
    }
  }

  const typing = createTerminalTyping({ agent, terminals, now });
  const inTurn = createMutex();
  /** Sessions for which a terminal is about to be opened, and how many times. */
  const reserved = new Map<string, number>();
  /** What ends the typing into a session, while there is any. */
  const waiters = new Map<string, AbortController>();

  /** A name that no live terminal has: after /clear one of this name has another session. */
  async function pickFreeName(id: string): Promise<string> {
    const panes = await terminals.listPanes();
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? terminalName(id) : `${terminalName(id)}-${count}`;
      const taken = panes.find((pane) => pane.name === name);
      // What is left of one that has ended.
      if (taken?.isDead) await terminals.closePane(taken);
      if (!taken || taken.isDead) return name;
    }
  }

  /** What a terminal shows is not all that it said: tmux writes of an end over the last line. */
  async function notReadyError(what: string, recordId: string, screen: string): Promise<AppError> {
    const log = String(await archive.log(recordId, { bytes: lastBytes, raw: false }));
    const shown = log.trim() ? log : screen;
    return terminalFailed(what, shown);
  }

  /** Resolves when a person (or we) can type into it. */
  async function waitUntilReady({ id, name, pid, recordId }: { id: string; name: string; pid: number; recordId: string }): Promise<void> {
    const begun = performance.now();
    const state = await pollUntil(readyMs, async () => {
      const live = await findLive(id);
      if (live?.status === 'idle') return 'ready';
      const pane = (await terminals.listPanes()).find((one) => one.name === name);
      if (!pane || pane.isDead) return 'ended';
      if (live || performance.now() - begun < asksMs) return null;
      // If it has ended since, the next look says so.
      return asks.test(await terminals.captureText(pane.id).catch(() => '')) ? 'asks' : null;
    });
    if (state === 'ready') return;
    archive.expectEnd(pid, 'not_started');
    const pane = (await terminals.listPanes()).find((one) => one.pid === pid);
    const screen = pane ? await terminals.captureText(pane.id).catch(() => '') : '';
    if (pane) await terminals.closePane(pane);
    await archive.end(pid);
    if (state === 'asks') throw terminalFailed('It asks something first. Run claude in that folder by hand once, and answer it there.', screen);
    throw await notReadyError(state === 'ended' ? 'It ended at once.' : `It was not ready within ${readyMs / 1000} s.`, recordId, screen);
  }

  return {
    /** Starts a session, or opens one that has ended. Gives its id. */
    async openTerminal(
      launch: Omit<TerminalLaunch, 'sessionId' | 'isNew' | 'settings'> & { sessionId: string | null },
      checkFree: () => void = () => {},
    ): Promise<string> {
      if (!(await terminals.isAvailable())) throw new AppError('tmux_not_found');
      const id = launch.sessionId ?? newSessionId();
      const release = await agent.lockSession(id);
      try {
        const name = await pickFreeName(id);
        // A turn that began before the hold has no process yet that could be seen.
        checkFree();
        const record = archive.draft();
        // Without them a question would be seen by nobody but who sits before it.
        const hooks = await prepareHooks(record.id, launch.permissionMode).catch((error) => {
          throw new AppError('storage_unavailable', `The data folder cannot be written: ${(error as Error).message}`);
        });
        const begin = async (): Promise<number> => {
          const command = await agent.terminalCommand({ ...launch, sessionId: id, isNew: launch.sessionId === null, settings: hooks.path });
          return terminals.openPane(name, { cwd: launch.project, command, logCommand: record.logCommand });
        };
        const pid = await begin().catch(async (error) => {
          await hooks.discard();
          throw error;
        });
        await archive.begin(record.id, { session_id: id, terminal: name, project: launch.project, name: launch.name, hook_hash: hooks.hash }, pid);
        await waitUntilReady({ id, name, pid, recordId: record.id });
        archive.ready(record.id);
      } finally {
        release();
      }
      return id;
    },
    /** From now until the function that it gives is called nothing else is to begin in a session. */
    reserve(id: string): () => void {
      reserved.set(id, (reserved.get(id) ?? 0) + 1);
      return () => {
        const left = (reserved.get(id) ?? 0) - 1;
        if (left > 0) return void reserved.set(id, left);
        reserved.delete(id);
        onRelease(id);
      };
    },
    isReserved: (id: string): boolean => reserved.has(id),
    /** The terminals of live sessions, by session. */
    async mapLiveTerminals(live: ReadonlyMap<string, LiveSession>): Promise<Map<string, { name: string; command: string }>> {
      // Where tmux hangs, all but the terminals can be told.
      const panes = live.size ? await terminals.listPanes().catch(() => []) : [];
      const found = new Map<string, { name: string; command: string }>();
      for (const one of live.values()) {
        const pane = panes.find((candidate) => !candidate.isDead && candidate.pid === one.pid && archive.isOwnProcess(candidate.pid));
        if (pane) found.set(one.sessionId, { name: pane.name, command: terminals.attachCommand(pane.name) });
      }
      return found;
    },
    /** Types a message and sends it. What is sent at a time by several comes one after the other. */
    send: (id: string, message: string, signal?: AbortSignal): Promise<void> =>
      inTurn(id, () =>
        withPane(id, async ({ pane, live }) => {
          const ending = new AbortController();
          waiters.set(id, ending);
          const signals = [ending.signal, ...(signal ? [signal] : [])];
          await typing.sendMessage(pane, live, message, AbortSignal.any(signals)).finally(() => waiters.delete(id));
        }),
      ),
    interrupt: (id: string): Promise<void> =>
      withPane(id, async ({ pane, live }) => {
        // A question has no box; what stands in the box under it is a person's, since the message that led to it is at work.
        const isOurs = live?.status !== 'waiting' && !(await typing.hasDraft(pane));
        await terminals.pressKey(pane.id, 'Escape');
        await pollUntil(restMs, async () => ((await findLive(id))?.status === 'idle' ? true : null));
        if (!isOurs) return;
        // It can put the message that it was at back into the box, as if somebody had begun to type.
        const isPutBack = await pollUntil(putBackMs, async () => ((await typing.hasDraft(pane)) ? true : null));
        if (isPutBack) await typing.clear(pane);
      }),
    follow: (id: string, on: TerminalListener): Promise<TerminalStream> => withPane(id, ({ pane }) => terminals.streamPane(pane, on)),
    screen: (id: string): Promise<string> => withPane(id, ({ pane }) => terminals.captureText(pane.id)),
    /** Whether somebody has begun to type there: what is typed in would be joined to it. */
    hasDraft: (id: string): Promise<boolean> => withPane(id, ({ pane }) => typing.hasDraft(pane)),
    /** Gives it a title. False where it is in no terminal of ours, works, or holds a draft: then nothing was typed. */
    rename: (id: string, title: string): Promise<boolean> =>
      inTurn(id, () =>
        withPane(id, async ({ pane, live }) => {
          if (live?.status !== 'idle' || (await typing.hasDraft(pane))) return false;
          await typing.typeCommand(pane, `/rename ${title}`);
          return true;
        }).catch((error: AppError) => {
          if (error.code === 'terminal_not_ours') return false;
          throw error;
        }),
      ),
    kill(id: string): Promise<void> {
      // What is being typed there is not waited for.
      waiters.get(id)?.abort();
      return inTurn(id, async () => {
        const { pane, live } = await requirePane(id);
        archive.expectEnd(pane.pid, 'killed');
        if (live?.status === 'idle') {
          // A draft would be sent with it.
          const leave = async () => {
            if (await typing.hasDraft(pane)) await typing.clear(pane);
            await typing.typeCommand(pane, '/exit');
          };
          // Where a question has just come up, or nothing takes the `/exit`, it is ended without a goodbye.
          void leave().catch(() => {});
          await pollUntil(exitMs, async () => ((await findLive(id)) ? null : true));
        }
        // First, so that nobody goes on with the session before its process is gone.
        await terminals.closePane(pane);
        await archive.end(pane.pid);
      });
    },
  };
}

export type TerminalSessions = ReturnType<typeof createTerminalSessions>;
