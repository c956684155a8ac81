import type { Agent, TerminalLaunch } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { SessionRecords } from '../session-record/records.ts';
import { type PaneFinder, terminalName } from './pane-finder.ts';
import { pollUntil } from './poll.ts';
import type { Multiplexer } from './port.ts';
import { terminalFailed } from './terminal-failure.ts';

/** Claude Code is ready 0.5 s (2.1.329) to 3 s after its start; a busy machine takes longer. */
const readyTimeoutMs = 30_000;

/** This much of its output shows why it failed to start. */
const shownLogBytes = 8192;

/** A question that is still open after this time is one of the CLI's first start: trust in the folder, a sign-in. */
const questionMs = 5_000;
const questionPattern = /Enter to confirm|Esc to cancel|Press Enter to continue|Select login method/;

/** The settings with which a terminal forwards its prompts. */
type HookFile = { path: string; hash: string; discard(): Promise<void> };

export type TerminalOpenerDeps = {
  agent: Agent;
  terminals: Multiplexer;
  archive: SessionRecords;
  finder: PaneFinder;
  prepareHooks(recordId: string, permissionMode: string): Promise<HookFile>;
};

/** A terminal that was started, and may not be ready. */
type StartedTerminal = { id: string; name: string; pid: number; recordId: string };

/** Starts sessions in terminals. */
export class TerminalOpener {
  readonly #deps: TerminalOpenerDeps;

  constructor(deps: TerminalOpenerDeps) {
    this.#deps = deps;
  }

  /** Resolves when a person (or we) can type into it. */
  async open(
    launch: Omit<TerminalLaunch, 'settings'>,
    record: { id: string; logCommand: string },
  ): Promise<void> {
    const { agent, archive, terminals } = this.#deps;
    const { sessionId: id, project } = launch;
    if (!(await terminals.isAvailable())) throw new AppError('tmux_not_found');
    await agent.requireFree(id);
    const name = await this.#pickFreeName(id);
    const hooks = await this.#prepareHooks(record.id, launch.permissionMode);
    const start = async (): Promise<number> => {
      const command = await agent.getTerminalCommand({ ...launch, settings: hooks.path });
      return terminals.openPane(name, { cwd: project, command, logCommand: record.logCommand });
    };
    const pid = await start().catch(async (error) => {
      await hooks.discard();
      throw error;
    });
    const begun = { session_id: id, terminal: name, project, name: launch.name, hook_hash: hooks.hash };
    await archive.begin(record.id, begun, pid);
    await this.#waitUntilReady({ id, name, pid, recordId: record.id });
    archive.ready(record.id);
  }

  /** Without hooks, prompts would be visible only in the terminal itself. */
  async #prepareHooks(recordId: string, permissionMode: string): Promise<HookFile> {
    try {
      return await this.#deps.prepareHooks(recordId, permissionMode);
    } catch (error) {
      const detail = `The data folder cannot be written: ${(error as Error).message}`;
      throw new AppError('storage_unavailable', detail);
    }
  }

  /** A name that no live terminal has: after /clear, a terminal of this name may have another session. */
  async #pickFreeName(id: string): Promise<string> {
    const panes = await this.#deps.terminals.listPanes();
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? terminalName(id) : `${terminalName(id)}-${count}`;
      const pane = panes.find((one) => one.name === name);
      // A dead pane of an ended terminal.
      if (pane?.isDead) await this.#deps.terminals.closePane(pane);
      if (!pane || pane.isDead) return name;
    }
  }

  async #waitUntilReady(terminal: StartedTerminal): Promise<void> {
    const begun = performance.now();
    const state = await pollUntil(readyTimeoutMs, () => this.#pollStart(terminal, begun));
    if (state !== 'ready') throw await this.#closeUnready(terminal, state);
  }

  async #pollStart({ id, name }: StartedTerminal, begun: number): Promise<'ready' | 'ended' | 'asks' | null> {
    const { finder, terminals } = this.#deps;
    const live = await finder.findLive(id);
    if (live?.status === 'idle') return 'ready';
    const pane = (await terminals.listPanes()).find((one) => one.name === name);
    if (!pane || pane.isDead) return 'ended';
    if (live || performance.now() - begun < questionMs) return null;
    // If it has ended since, the next poll reports that.
    return questionPattern.test(await terminals.captureText(pane.id).catch(() => '')) ? 'asks' : null;
  }

  /** Closes a terminal that did not become ready; returns the error that says why. */
  async #closeUnready({ pid, recordId }: StartedTerminal, state: 'ended' | 'asks' | null): Promise<AppError> {
    const { archive, terminals } = this.#deps;
    archive.expectEnd(pid, 'not_started');
    const pane = (await terminals.listPanes()).find((one) => one.pid === pid);
    const screen = pane ? await terminals.captureText(pane.id).catch(() => '') : '';
    if (pane) await terminals.closePane(pane);
    await archive.end(pid);
    if (state === 'asks')
      return terminalFailed(
        'It asks something first. Run claude in that folder by hand once, and answer it there.',
        screen,
      );
    const what =
      state === 'ended' ? 'It ended at once.' : `It was not ready within ${readyTimeoutMs / 1000} s.`;
    // The screen lacks the last line: tmux writes its own message over it.
    const log = String(await archive.log(recordId, { bytes: shownLogBytes, raw: false }));
    return terminalFailed(what, log.trim() ? log : screen);
  }
}
