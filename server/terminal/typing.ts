import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, LiveSession } from '../agent/port.ts';
import type { Transcripts } from '../agent/transcript-port.ts';
import { AppError } from '../app-error.ts';
import { asTyped, isCommand, isShown } from '../util/input-text.ts';
import { isBehind, isBoxEmpty } from './input-box.ts';
import { pollUntil } from './poll.ts';
import type { Multiplexer, Pane } from './port.ts';
import { terminalFailed } from './terminal-failure.ts';

/** A message that was sent makes it busy within 0.1 s. */
const takenMs = 2_500;

/** A paste of 200 KB takes a busy machine ten seconds and more, in which it takes no Enter. */
const maxEnters = 10;

const draftPolls = 5;
const draftPauseMs = 100;

/** A Ctrl-C clears the box, and a second one within about a second ends Claude Code (2.1.329). */
const clearPauseMs = 2_000;

/** Each of its characters takes one column. */
const isPlain = /^[ -~]*$/;

export type TerminalTypingDeps = {
  agent: Pick<Agent, 'listLiveSessions'> & { transcripts: Pick<Transcripts, 'findReply'> };
  terminals: Multiplexer;
  now(): Date;
};

/** Types into Claude Code's input box, as a person who looks at the screen does. */
export class TerminalTyping {
  readonly #deps: TerminalTypingDeps;
  /** By pane: when its box was cleared last. */
  readonly #clearedAt = new Map<string, number>();
  /** Panes whose box holds text that was typed and not sent, because a question came up over it. */
  readonly #unsent = new Set<string>();

  constructor(deps: TerminalTypingDeps) {
    this.#deps = deps;
  }

  /** Whether the box holds text, and not only while the screen is drawn. */
  async hasDraft(pane: Pane): Promise<boolean> {
    const { id } = pane;
    if (this.#unsent.has(id) && (await this.#findLive(pane))?.status === 'idle') {
      this.#unsent.delete(id);
      await this.clear(pane);
    }
    for (let poll = 0; poll < draftPolls; poll += 1) {
      if (poll) await delay(draftPauseMs);
      if (isBoxEmpty(await this.#deps.terminals.captureScreen(id))) return false;
    }
    return true;
  }

  /** Empties the box. */
  async clear({ id }: Pane): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, (this.#clearedAt.get(id) ?? Number.NEGATIVE_INFINITY) + clearPauseMs);
    // Before the wait, so that a concurrent call waits longer.
    this.#clearedAt.set(id, at);
    if (at > now) await delay(at - now);
    await this.#deps.terminals.pressKey(id, 'C-c');
  }

  /**
   * A command can end at once and leave no trace: it was taken when the cursor is no longer behind it.
   * Throws as `sendMessage`.
   */
  async typeCommand(pane: Pane, text: string, signal?: AbortSignal): Promise<void> {
    const { terminals } = this.#deps;
    // A command that ended the terminal was taken.
    const capture = () => terminals.captureScreen(pane.id).catch(() => null);
    const waitForCursor = (isExpected: boolean) =>
      pollUntil(takenMs, async () => {
        const screen = await capture();
        return (screen !== null && isBehind(screen, text)) === isExpected ? true : null;
      });
    const waitForPaste = isPlain.test(text) ? () => waitForCursor(true) : undefined;
    await this.#typeText(pane, text, { signal, waitForPaste });
    // An Enter during a slow paste is lost. One more in a menu that the command opened would choose.
    for (let enters = 1; enters < maxEnters && !(await waitForCursor(false)); enters += 1)
      await terminals.pressKey(pane.id, 'Enter');
  }

  /** Types a message and makes sure that it is taken. Throws AppError `terminal_waits`, `turn_cancelled` or `terminal_failed`. */
  async sendMessage(
    pane: Pane,
    live: LiveSession | undefined,
    message: string,
    signal?: AbortSignal,
  ): Promise<void> {
    if (live?.status === 'waiting')
      throw new AppError('terminal_waits', `It waits for ${live.waitingFor ?? 'an answer'}.`);
    if (await this.hasDraft(pane)) throw new AppError('terminal_waits', 'Somebody has begun to type there.');
    const text = asTyped(message);
    const at = this.#deps.now().toISOString();
    if (isCommand(message)) return this.typeCommand(pane, text, signal);
    await this.#typeText(pane, text, { signal });
    // What is typed while it works waits there for its turn.
    if (live?.status === 'idle') await this.#confirmTaken(pane, live, { text, at, signal });
  }

  async #findLive({ pid }: Pane): Promise<LiveSession | undefined> {
    return (await this.#deps.agent.listLiveSessions()).find((live) => live.pid === pid);
  }

  /** Types a text and sends it, unless a question has come up meanwhile, which it would answer. */
  async #typeText(
    pane: Pane,
    text: string,
    {
      signal,
      waitForPaste,
    }: { signal?: AbortSignal | undefined; waitForPaste?: (() => unknown) | undefined },
  ): Promise<void> {
    const { terminals } = this.#deps;
    await terminals.paste(pane.id, text);
    await waitForPaste?.();
    if (signal?.aborted) {
      await this.clear(pane);
      throw new AppError('turn_cancelled', 'It was stopped before it was sent.');
    }
    if ((await this.#findLive(pane))?.status === 'waiting') {
      this.#unsent.add(pane.id);
      throw new AppError(
        'terminal_waits',
        'A question came up while the message was typed: it was not sent.',
      );
    }
    await terminals.pressKey(pane.id, 'Enter');
  }

  /** Repeats what was lost until the message is taken. */
  async #confirmTaken(
    pane: Pane,
    live: LiveSession,
    { text, at, signal }: { text: string; at: string; signal: AbortSignal | undefined },
  ): Promise<void> {
    const { terminals } = this.#deps;
    const watch = new TakenWatch(this.#deps.agent, { pane, live, text, at });
    for (let enters = 1; enters <= maxEnters; enters += 1) {
      if ((await pollUntil(takenMs, () => watch.check())) || (await watch.isWritten())) return;
      // It may have been taken before the stop: the caller that follows the session sees which.
      if (signal?.aborted) return;
      // A terminal that has just started can lose the paste as well: then the box is empty. Not at the first try: a slow
      // one that has taken it would get it twice.
      const isLost =
        enters === 2 && !(await this.hasDraft(pane)) && !isShown(await terminals.captureText(pane.id), text);
      if (isLost) await this.#typeText(pane, text, { signal });
      // An Enter during a long paste is lost; in an empty box it does nothing.
      else await terminals.pressKey(pane.id, 'Enter');
    }
    if (await pollUntil(takenMs, () => watch.check())) return;
    const what = `The message was typed, and nothing came of it.${watch.readFault}`;
    throw terminalFailed(what, await terminals.captureText(pane.id));
  }
}

/** Watches whether a terminal has taken a message. */
class TakenWatch {
  readonly #agent: TerminalTypingDeps['agent'];
  readonly #pane: Pane;
  readonly #text: string;
  readonly #where: { sessionId: string; project: string; at: string };
  #statusAt: number | null;
  /** Why the transcript could not be read, as a sentence; empty if it could. */
  readFault = '';

  constructor(
    agent: TerminalTypingDeps['agent'],
    { pane, live, text, at }: { pane: Pane; live: LiveSession; text: string; at: string },
  ) {
    this.#agent = agent;
    this.#pane = pane;
    this.#text = text;
    this.#where = { sessionId: live.sessionId, project: live.project ?? '', at };
    this.#statusAt = live.statusAt;
  }

  /** True if it was taken, null if that is not known yet. */
  async check(): Promise<true | null> {
    const live = (await this.#agent.listLiveSessions()).find(({ pid }) => pid === this.#pane.pid);
    if (live?.status !== 'idle') return true;
    if (live.statusAt === this.#statusAt) return null;
    // Idle since another time: after a very short turn, or because a new terminal reports that twice.
    if (await this.isWritten()) return true;
    this.#statusAt = live.statusAt;
    return null;
  }

  /** Whether the transcript has the message. */
  async isWritten(): Promise<boolean> {
    try {
      return (await this.#agent.transcripts.findReply(this.#text, this.#where)) !== null;
    } catch (error) {
      this.readFault = ` The transcript could not be read: ${(error as Error).message}.`;
      return false;
    }
  }
}
