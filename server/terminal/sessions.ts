import type { Agent, LiveSession, TerminalLaunch } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Lease, SessionLeases } from '../session/lease.ts';
import type { SessionRecords } from '../session-record/records.ts';
import { createMutex } from '../util/mutex.ts';
import { pollUntil } from './poll.ts';
import {
  type Multiplexer,
  type Pane,
  type TerminalListener,
  type TerminalStream,
  TmuxError,
} from './port.ts';
import { TerminalLeases } from './terminal-leases.ts';
import { createTerminalTyping, terminalFailed } from './typing.ts';

/** Claude Code is ready 0.5 s (2.1.329) to 3 s after its start; a busy machine takes longer. */
const readyMs = 30_000;

/** It is idle within this time after Escape. */
const restMs = 2_500;

/** A message that it then puts back into the box appears within this time. */
const putBackMs = 300;

const exitMs = 5_000;

/** This much of its output shows why it failed to start. */
const lastBytes = 8192;

/** A question that is still open after this time is one of the CLI's first start: trust in the folder, a sign-in. */
const asksMs = 5_000;
const asks = /Enter to confirm|Esc to cancel|Press Enter to continue|Select login method/;

const terminalName = (sessionId: string) => `sb-${sessionId}`;

export type TerminalSessionsDeps = {
  agent: Agent;
  terminals: Multiplexer;
  archive: SessionRecords;
  leases: SessionLeases;
  /** Writes the settings with which a terminal forwards its prompts. */
  prepareHooks(
    recordId: string,
    permissionMode: string,
  ): Promise<{ path: string; hash: string; discard(): Promise<void> }>;
  now(): Date;
};

/** Sessions in terminals of ours, to which a person can attach. */
export function createTerminalSessions({
  agent,
  terminals,
  archive,
  leases,
  prepareHooks,
  now,
}: TerminalSessionsDeps) {
  const findLive = async (id: string): Promise<LiveSession | undefined> =>
    (await agent.listLiveSessions()).find(({ sessionId }) => sessionId === id);

  async function requirePane(id: string): Promise<{ pane: Pane; live: LiveSession | undefined }> {
    const [lives, panes] = await Promise.all([agent.listLiveSessions(), terminals.listPanes()]);
    const live = lives.find(({ sessionId }) => sessionId === id);
    // /clear gives a process another session: its pane belongs to that session, whatever its name.
    const isOther = ({ pid }: Pane) => lives.some((one) => one.pid === pid);
    const isMeant = (one: Pane) =>
      live ? one.pid === live.pid : one.name === terminalName(id) && !isOther(one);
    const pane = panes.find((one) => !one.isDead && archive.isOwnProcess(one.pid) && isMeant(one));
    if (!pane)
      throw new AppError('terminal_not_ours', `Session ${id} is in no terminal that was started here.`, {
        field: 'id',
      });
    return { pane, live };
  }

  /** Works with the pane of a session. Throws AppError `terminal_not_ours` if it ends meanwhile. */
  async function withPane<T>(
    id: string,
    work: (found: { pane: Pane; live: LiveSession | undefined }) => Promise<T> | T,
  ): Promise<T> {
    const found = await requirePane(id);
    try {
      return await work(found);
    } catch (error) {
      if (error instanceof AppError && !(error instanceof TmuxError)) throw error;
      const isThere = (await terminals.listPanes()).some((pane) => pane.id === found.pane.id && !pane.isDead);
      if (isThere) throw error;
      throw new AppError('terminal_not_ours', `The terminal of session ${id} has just ended.`, {
        field: 'id',
      });
    }
  }

  const typing = createTerminalTyping({ agent, terminals, now });
  const inTurn = createMutex();
  const terminalLeases = new TerminalLeases(archive.listOpen(), leases);
  /** By session: aborts the typing that is in progress. */
  const waiters = new Map<string, AbortController>();

  /** A name that no live terminal has: after /clear, a terminal of this name may have another session. */
  async function pickFreeName(id: string): Promise<string> {
    const panes = await terminals.listPanes();
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? terminalName(id) : `${terminalName(id)}-${count}`;
      const taken = panes.find((pane) => pane.name === name);
      // A dead pane of an ended terminal.
      if (taken?.isDead) await terminals.closePane(taken);
      if (!taken || taken.isDead) return name;
    }
  }

  /** The screen lacks the last line: tmux writes its own message over it. */
  async function notReadyError(what: string, recordId: string, screen: string): Promise<AppError> {
    const log = String(await archive.log(recordId, { bytes: lastBytes, raw: false }));
    const shown = log.trim() ? log : screen;
    return terminalFailed(what, shown);
  }

  /** Resolves when a person (or we) can type into it. */
  async function waitUntilReady({
    id,
    name,
    pid,
    recordId,
  }: {
    id: string;
    name: string;
    pid: number;
    recordId: string;
  }): Promise<void> {
    const begun = performance.now();
    const state = await pollUntil(readyMs, async () => {
      const live = await findLive(id);
      if (live?.status === 'idle') return 'ready';
      const pane = (await terminals.listPanes()).find((one) => one.name === name);
      if (!pane || pane.isDead) return 'ended';
      if (live || performance.now() - begun < asksMs) return null;
      // If it has ended since, the next poll reports that.
      return asks.test(await terminals.captureText(pane.id).catch(() => '')) ? 'asks' : null;
    });
    if (state === 'ready') return;
    archive.expectEnd(pid, 'not_started');
    const pane = (await terminals.listPanes()).find((one) => one.pid === pid);
    const screen = pane ? await terminals.captureText(pane.id).catch(() => '') : '';
    if (pane) await terminals.closePane(pane);
    await archive.end(pid);
    if (state === 'asks')
      throw terminalFailed(
        'It asks something first. Run claude in that folder by hand once, and answer it there.',
        screen,
      );
    throw await notReadyError(
      state === 'ended' ? 'It ended at once.' : `It was not ready within ${readyMs / 1000} s.`,
      recordId,
      screen,
    );
  }

  async function openPane(
    launch: Omit<TerminalLaunch, 'sessionId' | 'settings'>,
    id: string,
    record: { id: string; logCommand: string },
  ): Promise<void> {
    if (!(await terminals.isAvailable())) throw new AppError('tmux_not_found');
    await agent.requireFree(id);
    const name = await pickFreeName(id);
    // Without them, prompts would be visible only in the terminal itself.
    const hooks = await prepareHooks(record.id, launch.permissionMode).catch((error) => {
      const detail = `The data folder cannot be written: ${(error as Error).message}`;
      throw new AppError('storage_unavailable', detail);
    });
    const begin = async (): Promise<number> => {
      const command = await agent.getTerminalCommand({ ...launch, sessionId: id, settings: hooks.path });
      return terminals.openPane(name, { cwd: launch.project, command, logCommand: record.logCommand });
    };
    const pid = await begin().catch(async (error) => {
      await hooks.discard();
      throw error;
    });
    const { project, name: title } = launch;
    const begun = { session_id: id, terminal: name, project, name: title, hook_hash: hooks.hash };
    await archive.begin(record.id, begun, pid);
    await waitUntilReady({ id, name, pid, recordId: record.id });
    archive.ready(record.id);
  }

  return {
    /**
     * Starts a session in a terminal, or opens a closed one. The lease is the terminal's from here on: it is released
     * when the terminal has ended, or cannot be opened.
     */
    async openTerminal(launch: Omit<TerminalLaunch, 'sessionId' | 'settings'>, lease: Lease): Promise<void> {
      const record = archive.draft();
      terminalLeases.add(record.id, lease);
      try {
        await openPane(launch, lease.sessionId, record);
      } catch (error) {
        // One that was begun is released when its end is recorded.
        if (!archive.live(record.id)) terminalLeases.release(record.id);
        throw error;
      }
    },
    /** A terminal has ended. */
    onEnd: (recordId: string): void => terminalLeases.release(recordId),
    /** A terminal has another session now. */
    onMove: (recordId: string, to: string): void => terminalLeases.rename(recordId, to),
    /** The terminals of live sessions, by session. */
    async mapLiveTerminals(
      live: ReadonlyMap<string, LiveSession>,
    ): Promise<Map<string, { name: string; command: string }>> {
      // If tmux hangs, everything except the terminals is known.
      const panes = live.size ? await terminals.listPanes().catch(() => []) : [];
      const found = new Map<string, { name: string; command: string }>();
      for (const one of live.values()) {
        const pane = panes.find(
          (candidate) =>
            !candidate.isDead && candidate.pid === one.pid && archive.isOwnProcess(candidate.pid),
        );
        if (pane) found.set(one.sessionId, { name: pane.name, command: terminals.attachCommand(pane.name) });
      }
      return found;
    },
    /** Types a message and sends it. Concurrent messages are typed one after the other. */
    send: (id: string, message: string, signal?: AbortSignal): Promise<void> =>
      inTurn(id, () =>
        withPane(id, async ({ pane, live }) => {
          const ending = new AbortController();
          waiters.set(id, ending);
          const signals = [ending.signal, ...(signal ? [signal] : [])];
          await typing
            .sendMessage(pane, live, message, AbortSignal.any(signals))
            .finally(() => waiters.delete(id));
        }),
      ),
    interrupt: (id: string): Promise<void> =>
      withPane(id, async ({ pane, live }) => {
        // While a question is open, the input box holds a person's draft, not our message.
        const isOurs = live?.status !== 'waiting' && !(await typing.hasDraft(pane));
        await terminals.pressKey(pane.id, 'Escape');
        await pollUntil(restMs, async () => ((await findLive(id))?.status === 'idle' ? true : null));
        if (!isOurs) return;
        // It can put the interrupted message back into the box, like a draft.
        const isPutBack = await pollUntil(putBackMs, async () =>
          (await typing.hasDraft(pane)) ? true : null,
        );
        if (isPutBack) await typing.clear(pane);
      }),
    follow: (id: string, on: TerminalListener): Promise<TerminalStream> =>
      withPane(id, ({ pane }) => terminals.streamPane(pane, on)),
    screen: (id: string): Promise<string> => withPane(id, ({ pane }) => terminals.captureText(pane.id)),
    /** Whether the box holds a draft, to which a message would be appended. */
    hasDraft: (id: string): Promise<boolean> => withPane(id, ({ pane }) => typing.hasDraft(pane)),
    /** Sets the title. False if the session is not in a Switchboard terminal, is busy, or has a draft: then nothing was typed. */
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
      // Does not wait for typing in progress.
      waiters.get(id)?.abort();
      return inTurn(id, async () => {
        const { pane, live } = await requirePane(id);
        archive.expectEnd(pane.pid, 'killed');
        if (live?.status === 'idle') {
          // A draft would be sent together with it.
          const leave = async () => {
            if (await typing.hasDraft(pane)) await typing.clear(pane);
            await typing.typeCommand(pane, '/exit');
          };
          // If a question has just come up, or `/exit` has no effect, it is killed.
          void leave().catch(() => {});
          await pollUntil(exitMs, async () => ((await findLive(id)) ? null : true));
        }
        // First, so that nothing continues the session before its process is gone.
        await terminals.closePane(pane);
        await archive.end(pane.pid);
      });
    },
  };
}

export type TerminalSessions = ReturnType<typeof createTerminalSessions>;
