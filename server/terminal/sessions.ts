import type { LiveSession, TerminalLaunch } from '../agent/port.ts';
import type { AppError } from '../app-error.ts';
import type { Lease, SessionLeases } from '../session/lease.ts';
import { createMutex } from '../util/mutex.ts';
import { PaneFinder, type SessionPane } from './pane-finder.ts';
import { pollUntil } from './poll.ts';
import type { TerminalListener, TerminalStream } from './port.ts';
import { TerminalLeases } from './terminal-leases.ts';
import { TerminalOpener, type TerminalOpenerDeps } from './terminal-opener.ts';
import { TerminalTyping } from './typing.ts';

/** It is idle within this time after Escape. */
const idleTimeoutMs = 2_500;

/** A message that it then puts back into the box appears within this time. */
const putBackMs = 300;

const exitTimeoutMs = 5_000;

export type TerminalSessionsDeps = Omit<TerminalOpenerDeps, 'finder'> & {
  leases: SessionLeases;
  now(): Date;
};

/** Sessions in terminals that were started here, to which a person can attach. */
export class TerminalSessions {
  readonly #deps: TerminalSessionsDeps;
  readonly #finder: PaneFinder;
  readonly #opener: TerminalOpener;
  readonly #typing: TerminalTyping;
  readonly #leases: TerminalLeases;
  readonly #runExclusive = createMutex();
  /** By session: aborts the typing that is in progress. */
  readonly #typingControllers = new Map<string, AbortController>();

  constructor(deps: TerminalSessionsDeps) {
    this.#deps = deps;
    this.#finder = new PaneFinder(deps);
    this.#opener = new TerminalOpener({ ...deps, finder: this.#finder });
    this.#typing = new TerminalTyping(deps);
    this.#leases = new TerminalLeases(deps.archive.listOpen(), deps.leases);
  }

  /**
   * Starts a session in a terminal, or opens a closed one. The lease is the terminal's from here on: it is released
   * when the terminal has ended, or cannot be opened.
   */
  async openTerminal(launch: Omit<TerminalLaunch, 'sessionId' | 'settings'>, lease: Lease): Promise<void> {
    const { archive } = this.#deps;
    const record = archive.draft();
    this.#leases.add(record.id, lease);
    try {
      await this.#opener.open({ ...launch, sessionId: lease.sessionId }, record);
    } catch (error) {
      // One that was begun is released when its end is recorded.
      if (!archive.live(record.id)) this.#leases.release(record.id);
      throw error;
    }
  }

  /** A terminal has ended. */
  onEnd(recordId: string): void {
    this.#leases.release(recordId);
  }

  /** A terminal has another session now. */
  onMove(recordId: string, to: string): void {
    this.#leases.rename(recordId, to);
  }

  /** The terminals of live sessions, by session. */
  mapLiveTerminals(
    live: ReadonlyMap<string, LiveSession>,
  ): Promise<Map<string, { name: string; command: string }>> {
    return this.#finder.mapTerminals(live);
  }

  /** Types a message and sends it. Concurrent messages are typed one after the other. */
  send(id: string, message: string, signal?: AbortSignal): Promise<void> {
    return this.#runExclusive(id, () =>
      this.#finder.withPane(id, async ({ pane, live }) => {
        const controller = new AbortController();
        this.#typingControllers.set(id, controller);
        const signals = [controller.signal, ...(signal ? [signal] : [])];
        await this.#typing
          .sendMessage(pane, live, message, AbortSignal.any(signals))
          .finally(() => this.#typingControllers.delete(id));
      }),
    );
  }

  interrupt(id: string): Promise<void> {
    return this.#finder.withPane(id, async ({ pane, live }) => {
      // While a question is open, the input box holds a person's draft, not our message.
      const isOurs = live?.status !== 'waiting' && !(await this.#typing.hasDraft(pane));
      await this.#deps.terminals.pressKey(pane.id, 'Escape');
      const isIdle = async () => ((await this.#finder.findLive(id))?.status === 'idle' ? true : null);
      await pollUntil(idleTimeoutMs, isIdle);
      if (!isOurs) return;
      // It can put the interrupted message back into the box, like a draft.
      const hasDraft = async () => ((await this.#typing.hasDraft(pane)) ? true : null);
      if (await pollUntil(putBackMs, hasDraft)) await this.#typing.clear(pane);
    });
  }

  follow(id: string, on: TerminalListener): Promise<TerminalStream> {
    return this.#finder.withPane(id, ({ pane }) => this.#deps.terminals.streamPane(pane, on));
  }

  screen(id: string): Promise<string> {
    return this.#finder.withPane(id, ({ pane }) => this.#deps.terminals.captureText(pane.id));
  }

  /** Whether the box holds a draft, to which a message would be appended. */
  hasDraft(id: string): Promise<boolean> {
    return this.#finder.withPane(id, ({ pane }) => this.#typing.hasDraft(pane));
  }

  /** Sets the title. False if the session is not in a Switchboard terminal, is busy, or has a draft: then nothing was typed. */
  rename(id: string, title: string): Promise<boolean> {
    const typeRename = async ({ pane, live }: SessionPane) => {
      if (live?.status !== 'idle' || (await this.#typing.hasDraft(pane))) return false;
      await this.#typing.typeCommand(pane, `/rename ${title}`);
      return true;
    };
    return this.#runExclusive(id, () =>
      this.#finder.withPane(id, typeRename).catch((error: AppError) => {
        if (error.code === 'terminal_not_ours') return false;
        throw error;
      }),
    );
  }

  kill(id: string): Promise<void> {
    // Does not wait for typing in progress.
    this.#typingControllers.get(id)?.abort();
    return this.#runExclusive(id, () => this.#killExclusive(id));
  }

  async #killExclusive(id: string): Promise<void> {
    const { archive, terminals } = this.#deps;
    const { pane, live } = await this.#finder.requirePane(id);
    archive.expectEnd(pane.pid, 'killed');
    if (live?.status === 'idle') {
      // A draft would be sent together with it.
      const exit = async () => {
        if (await this.#typing.hasDraft(pane)) await this.#typing.clear(pane);
        await this.#typing.typeCommand(pane, '/exit');
      };
      // If a question has just come up, or `/exit` has no effect, it is killed.
      void exit().catch(() => {});
      await pollUntil(exitTimeoutMs, async () => ((await this.#finder.findLive(id)) ? null : true));
    }
    // First, so that nothing continues the session before its process is gone.
    await terminals.closePane(pane);
    await archive.end(pane.pid);
  }
}
