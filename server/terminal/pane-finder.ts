import type { Agent, LiveSession } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { SessionRecords } from '../session-record/records.ts';
import { type Multiplexer, type Pane, TmuxError } from './port.ts';

/** A session in a terminal; `live` is undefined until its process has written its own record. */
export type SessionPane = { pane: Pane; live: LiveSession | undefined };

export const terminalName = (sessionId: string) => `sb-${sessionId}`;

/** Finds the panes of sessions in the terminals that were started here. */
export class PaneFinder {
  readonly #agent: Pick<Agent, 'listLiveSessions'>;
  readonly #terminals: Multiplexer;
  readonly #records: Pick<SessionRecords, 'isOwnProcess'>;

  constructor(deps: {
    agent: Pick<Agent, 'listLiveSessions'>;
    terminals: Multiplexer;
    archive: Pick<SessionRecords, 'isOwnProcess'>;
  }) {
    this.#agent = deps.agent;
    this.#terminals = deps.terminals;
    this.#records = deps.archive;
  }

  async findLive(sessionId: string): Promise<LiveSession | undefined> {
    return (await this.#agent.listLiveSessions()).find((live) => live.sessionId === sessionId);
  }

  /** Throws AppError `terminal_not_ours`. */
  async requirePane(sessionId: string): Promise<SessionPane> {
    const [lives, panes] = await Promise.all([this.#agent.listLiveSessions(), this.#terminals.listPanes()]);
    const live = lives.find((session) => session.sessionId === sessionId);
    // /clear gives a process another session: its pane belongs to that session, whatever its name.
    const hasOtherSession = ({ pid }: Pane) => lives.some((session) => session.pid === pid);
    const isMatch = (pane: Pane) =>
      live ? pane.pid === live.pid : pane.name === terminalName(sessionId) && !hasOtherSession(pane);
    const pane = panes.find((one) => !one.isDead && this.#records.isOwnProcess(one.pid) && isMatch(one));
    if (pane) return { pane, live };
    const detail = `Session ${sessionId} is in no terminal that was started here.`;
    throw new AppError('terminal_not_ours', detail, { field: 'id' });
  }

  /** Works with the pane of a session. Throws AppError `terminal_not_ours` if it ends meanwhile. */
  async withPane<T>(sessionId: string, work: (session: SessionPane) => Promise<T> | T): Promise<T> {
    const session = await this.requirePane(sessionId);
    try {
      return await work(session);
    } catch (error) {
      if (error instanceof AppError && !(error instanceof TmuxError)) throw error;
      const panes = await this.#terminals.listPanes();
      if (panes.some(({ id, isDead }) => id === session.pane.id && !isDead)) throw error;
      const detail = `The terminal of session ${sessionId} has just ended.`;
      throw new AppError('terminal_not_ours', detail, { field: 'id' });
    }
  }

  /** The terminals of live sessions, by session. */
  async mapTerminals(
    live: ReadonlyMap<string, LiveSession>,
  ): Promise<Map<string, { name: string; command: string }>> {
    // If tmux hangs, everything except the terminals is known.
    const panes = live.size ? await this.#terminals.listPanes().catch(() => []) : [];
    const terminals = new Map<string, { name: string; command: string }>();
    for (const { sessionId, pid } of live.values()) {
      const pane = panes.find((one) => !one.isDead && one.pid === pid && this.#records.isOwnProcess(pid));
      if (pane)
        terminals.set(sessionId, { name: pane.name, command: this.#terminals.attachCommand(pane.name) });
    }
    return terminals;
  }
}
