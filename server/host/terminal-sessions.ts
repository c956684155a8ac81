import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, LiveSession, TerminalLaunch } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { Archive } from '../archive/archive.ts';
import { createMutex } from '../mutex.ts';
import type { Followed, Follower, Pane, Terminals } from '../terminal/port.ts';

/** Claude Code is ready 0.5 s (2.1.329) to 3 s after its start; a crowded machine takes longer. */
const readyMs = 30_000;

/** A message that was sent makes it busy within 0.1 s. */
const takenMs = 2_500;

/** A paste of 200 KB keeps a crowded machine busy for ten seconds and more, in which it takes no Enter. */
const maxEnters = 10;

const exitMs = 5_000;
const pollMs = 100;

/** So much of the screen says why it did not come up. */
const lastLines = 12;
const lastBytes = 8192;

const nameOf = (sessionId: string) => `sb-${sessionId}`;

export type TerminalSessionsDeps = {
  agent: Agent;
  terminals: Terminals;
  archive: Archive;
  /** Writes the settings by which a terminal tells what it asks. */
  prepareHooks(recordId: string): Promise<{ path: string; hash: string }>;
  newSessionId(): string;
};

/** The input box begins with `❯ `: behind that stands the cursor where nothing is typed, a hint notwithstanding. */
const emptyColumn = 2;
const draftLooks = 5;

/** Whether a text stands in the input box of a screen, or a paste that is too long to be shown. */
function isShown(screen: string, text: string): boolean {
  const [first = ''] = text.trim().split('\n');
  return screen.includes('[Pasted text') || screen.includes(first.slice(0, 20));
}

/** What would end a paste in its middle is left out: what is looked for on the screen must be what is typed. */
const pasteEnd = '\x1b[201~';

/** As a message, whatever it begins or ends with: `!` would run it in a shell, a backslash makes a line of the Enter. */
const asMessage = (message: string) => {
  const text = message.replaceAll(pasteEnd, '');
  return `${text.startsWith('!') ? ' ' : ''}${text}${text.endsWith('\\') ? ' ' : ''}`;
};

/** Sessions in terminals of ours: a person can sit down at each of them at the desk. */
export function createTerminalSessions({ agent, terminals, archive, prepareHooks, newSessionId }: TerminalSessionsDeps) {
  const liveOf = async (id: string): Promise<LiveSession | undefined> => (await agent.liveSessions()).find(({ sessionId }) => sessionId === id);

  async function need(id: string): Promise<{ pane: Pane; live: LiveSession | undefined }> {
    const [lives, panes] = await Promise.all([agent.liveSessions(), terminals.panes()]);
    const live = lives.find(({ sessionId }) => sessionId === id);
    // /clear gives a process another session: then its pane is that one's, whatever it is called.
    const isOther = ({ pid }: Pane) => lives.some((one) => one.pid === pid);
    const isMeant = (one: Pane) => (live ? one.pid === live.pid : one.name === nameOf(id) && !isOther(one));
    const pane = panes.find((one) => !one.isDead && archive.owns(one.pid) && isMeant(one));
    if (!pane) throw new AppError('terminal_not_ours', `Session ${id} is in no terminal that was started here.`, { field: 'id' });
    return { pane, live };
  }

  const inTurn = createMutex();
  /** Whether the cursor stands behind something, and not only while the screen is drawn. */
  async function hasDraft({ id }: Pane): Promise<boolean> {
    for (let look = 0; look < draftLooks; look += 1) {
      if (look) await delay(pollMs);
      if ((await terminals.cursor(id)) <= emptyColumn) return false;
    }
    return true;
  }

  async function until<T>(ms: number, look: () => Promise<T | null>): Promise<T | null> {
    const end = performance.now() + ms;
    for (;;) {
      const found = await look();
      if (found !== null || performance.now() > end) return found;
      await delay(pollMs);
    }
  }

  /** A name that no live terminal has: after /clear one of this name has another session. */
  async function freeName(id: string): Promise<string> {
    const panes = await terminals.panes();
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? nameOf(id) : `${nameOf(id)}-${count}`;
      const taken = panes.find((pane) => pane.name === name);
      // What is left of one that has ended.
      if (taken?.isDead) await terminals.close(taken);
      if (!taken || taken.isDead) return name;
    }
  }

  /** What a terminal shows is not all that it said: tmux writes of an end over the last line. */
  async function notReady(what: string, recordId: string, screen: string): Promise<AppError> {
    const log = String(await archive.log(recordId, { bytes: lastBytes, raw: false }));
    const shown = log.trim() ? log : screen;
    return failed(what, shown);
  }

  function failed(what: string, screen: string): AppError {
    const lines = screen
      .split('\n')
      .filter((line) => line.trim())
      .slice(-lastLines);
    return new AppError('terminal_failed', `${what}${lines.length ? ` The terminal shows: ${lines.join(' | ')}` : ''}`);
  }

  /** Resolves when a person (or we) can type into it. */
  async function waitReady({ id, name, pid, recordId }: { id: string; name: string; pid: number; recordId: string }): Promise<void> {
    const state = await until(readyMs, async () => {
      const live = await liveOf(id);
      if (live?.status === 'idle') return 'ready';
      const pane = (await terminals.panes()).find((one) => one.name === name);
      return !pane || pane.isDead ? 'ended' : null;
    });
    if (state === 'ready') return;
    archive.willEnd(pid, 'not_started');
    const pane = (await terminals.panes()).find((one) => one.pid === pid);
    const screen = pane ? await terminals.screen(pane.id).catch(() => '') : '';
    if (pane) await terminals.close(pane);
    await archive.end(pid);
    throw await notReady(state === 'ended' ? 'It ended at once.' : `It was not ready within ${readyMs / 1000} s.`, recordId, screen);
  }

  /** Types a text and sends it, unless a question has come up meanwhile, whose answer it would be. */
  async function typeIn(id: string, pane: Pane, text: string, signal?: AbortSignal): Promise<void> {
    await terminals.paste(pane.id, text);
    if (signal?.aborted) {
      await terminals.key(pane.id, 'C-c'); // Clears what was typed.
      throw new AppError('turn_cancelled', 'It was stopped before it was sent.');
    }
    if ((await liveOf(id))?.status === 'waiting')
      throw new AppError('terminal_waits', 'A question came up while the message was typed: it was not sent.');
    await terminals.key(pane.id, 'Enter');
  }

  return {
    /** Starts a session, or opens one that has ended. Gives its id. */
    async open(
      launch: Omit<TerminalLaunch, 'sessionId' | 'isNew' | 'settings'> & { sessionId: string | null },
      checkFree: () => void = () => {},
    ): Promise<string> {
      if (!(await terminals.isThere())) throw new AppError('tmux_not_found');
      const id = launch.sessionId ?? newSessionId();
      const name = await freeName(id);
      const release = await agent.hold(id);
      try {
        // A turn that began before the hold has no process yet that could be seen.
        checkFree();
        const record = archive.draft();
        // Without them a question would be seen by nobody but who sits before it.
        const hooks = await prepareHooks(record.id).catch((error) => {
          throw new AppError('storage_unavailable', `The data folder cannot be written: ${(error as Error).message}`);
        });
        const command = await agent.terminalCommand({ ...launch, sessionId: id, isNew: launch.sessionId === null, settings: hooks.path });
        const opening = terminals.open(name, { cwd: launch.project, command, logCommand: record.logCommand });
        const pid = await opening.catch((error) => {
          throw new AppError('terminal_failed', `tmux says: ${(error as Error).message}`);
        });
        await archive.begin(record.id, { session_id: id, terminal: name, project: launch.project, name: launch.name, hook_hash: hooks.hash }, pid);
        await waitReady({ id, name, pid, recordId: record.id });
        archive.ready(record.id);
      } finally {
        release();
      }
      return id;
    },
    /** The terminals of live sessions, by session. */
    async ofLive(live: ReadonlyMap<string, LiveSession>): Promise<Map<string, { name: string; command: string }>> {
      const panes = live.size ? await terminals.panes() : [];
      const found = new Map<string, { name: string; command: string }>();
      for (const one of live.values()) {
        const pane = panes.find((candidate) => !candidate.isDead && candidate.pid === one.pid && archive.owns(candidate.pid));
        if (pane) found.set(one.sessionId, { name: pane.name, command: terminals.attachCommand(pane.name) });
      }
      return found;
    },
    /** Types a message and sends it. What is sent at a time by several comes one after the other. */
    send: (id: string, message: string, signal?: AbortSignal): Promise<void> =>
      inTurn(id, async () => {
        const { pane, live } = await need(id);
        if (live?.status === 'waiting') throw new AppError('terminal_waits', `It waits for ${live.waitingFor ?? 'an answer'}.`);
        if (await hasDraft(pane)) throw new AppError('terminal_waits', 'Somebody has begun to type there.');
        const text = asMessage(message);
        await typeIn(id, pane, text, signal);
        // A command of its own is done at once; what is typed while it works waits there for its turn.
        if (message.startsWith('/') || live?.status !== 'idle') return;
        const isBusy = async () => {
          const now = await liveOf(id);
          return now?.status === 'idle' && now.statusAt === live.statusAt ? null : true;
        };
        let isTaken = await until(takenMs, isBusy);
        // An Enter that came while a long paste was still being taken up is lost; into an empty box it does nothing.
        for (let again = 0; !isTaken && again < maxEnters; again += 1) {
          // One that has just come up can lose the paste as well: then the box is empty. Not at once: a slow one that has taken it would get it twice.
          const isLost = again === 1 && !(await hasDraft(pane)) && !isShown(await terminals.screen(pane.id), text);
          if (isLost) await typeIn(id, pane, text, signal);
          else await terminals.key(pane.id, 'Enter');
          isTaken = await until(takenMs, isBusy);
        }
        if (!isTaken) throw failed('The message was typed, and nothing came of it.', await terminals.screen(pane.id));
      }),
    async interrupt(id: string): Promise<void> {
      const { pane } = await need(id);
      await terminals.key(pane.id, 'Escape');
      await until(takenMs, async () => ((await liveOf(id))?.status === 'idle' ? true : null));
    },
    follow: async (id: string, on: Follower): Promise<Followed> => terminals.follow((await need(id)).pane, on),
    screen: async (id: string): Promise<string> => terminals.screen((await need(id)).pane.id),
    /** Whether somebody has begun to type there: what is typed in would be joined to it. */
    hasDraft: async (id: string): Promise<boolean> => hasDraft((await need(id)).pane),
    /** Gives it a title. False where it is in no terminal of ours, works, or holds a draft: then nothing was typed. */
    rename: (id: string, title: string): Promise<boolean> =>
      inTurn(id, async () => {
        const found = await need(id).catch(() => null);
        if (found?.live?.status !== 'idle' || (await hasDraft(found.pane))) return false;
        await typeIn(id, found.pane, `/rename ${title}`);
        return true;
      }),
    kill: (id: string): Promise<void> =>
      inTurn(id, async () => {
        const { pane, live } = await need(id);
        archive.willEnd(pane.pid, 'killed');
        if (live?.status === 'idle') {
          // A draft would be sent with it.
          if (await hasDraft(pane)) await terminals.key(pane.id, 'C-c');
          // A question that has just come up, or a pane that is gone: then it is ended without a goodbye.
          await typeIn(id, pane, '/exit').catch(() => {});
          await until(exitMs, async () => ((await liveOf(id)) ? null : true));
        }
        // First, so that nobody goes on with the session before its process is gone.
        await terminals.close(pane);
        await archive.end(pane.pid);
      }),
  };
}

export type TerminalSessions = ReturnType<typeof createTerminalSessions>;
