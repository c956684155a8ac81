import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, LiveSession } from '../agent/port.ts';
import type { Transcripts } from '../agent/transcript-port.ts';
import { AppError } from '../app-error.ts';
import { asTyped, isCommand, isShown } from '../util/input-text.ts';
import { isBehind, isBoxEmpty } from './input-box.ts';
import { pollUntil } from './poll.ts';
import type { Multiplexer, Pane } from './port.ts';

/** A message that was sent makes it busy within 0.1 s. */
const takenMs = 2_500;

/** A paste of 200 KB keeps a crowded machine busy for ten seconds and more, in which it takes no Enter. */
const maxEnters = 10;

const draftLooks = 5;
const draftPauseMs = 100;

/** A Ctrl-C clears the box, and a second one within a second or so ends Claude Code (2.1.329). */
const clearPauseMs = 2_000;

export type TerminalTypingDeps = {
  agent: Pick<Agent, 'listLiveSessions'> & { transcripts: Pick<Transcripts, 'findReply'> };
  terminals: Multiplexer;
  now(): Date;
};

/** Each of its characters takes one column. */
const isPlain = /^[ -~]*$/;

/** Types into Claude Code's input box, as a person who looks at the screen does. */
export function createTerminalTyping({ agent, terminals, now: clock }: TerminalTypingDeps) {
  const findStatus = async ({ pid }: Pane): Promise<LiveSession | undefined> =>
    (await agent.listLiveSessions()).find((live) => live.pid === pid);

  /** When boxes were cleared last. */
  const clearedAt = new Map<string, number>();

  /** Empties the box. */
  async function clearBox({ id }: Pane): Promise<void> {
    const now = performance.now();
    const at = Math.max(now, (clearedAt.get(id) ?? Number.NEGATIVE_INFINITY) + clearPauseMs);
    // Before the wait: who comes meanwhile waits for longer.
    clearedAt.set(id, at);
    if (at > now) await delay(at - now);
    await terminals.pressKey(id, 'C-c');
  }

  /** Panes whose box holds what was typed and not sent, since a question came up over it. */
  const leftovers = new Set<string>();

  /** Whether something stands in the box, and not only while the screen is drawn. */
  async function hasDraft(pane: Pane): Promise<boolean> {
    const { id } = pane;
    if (leftovers.has(id) && (await findStatus(pane))?.status === 'idle') {
      leftovers.delete(id);
      await clearBox(pane);
    }
    for (let look = 0; look < draftLooks; look += 1) {
      if (look) await delay(draftPauseMs);
      if (isBoxEmpty(await terminals.captureScreen(id))) return false;
    }
    return true;
  }

  /** Types a text and sends it, unless a question has come up meanwhile, whose answer it would be. `isPasted` waits for it. */
  async function typeText(
    pane: Pane,
    text: string,
    signal?: AbortSignal,
    isPasted = async () => {},
  ): Promise<void> {
    await terminals.paste(pane.id, text);
    await isPasted();
    if (signal?.aborted) {
      await clearBox(pane);
      throw new AppError('turn_cancelled', 'It was stopped before it was sent.');
    }
    if ((await findStatus(pane))?.status === 'waiting') {
      leftovers.add(pane.id);
      throw new AppError(
        'terminal_waits',
        'A question came up while the message was typed: it was not sent.',
      );
    }
    await terminals.pressKey(pane.id, 'Enter');
  }

  /** A command can be done at once and leave no sign of its own: it is taken when the cursor no longer stands behind it. */
  async function typeCommand(pane: Pane, text: string, signal?: AbortSignal): Promise<void> {
    // One that ended by it has taken it.
    const look = () => terminals.captureScreen(pane.id).catch(() => null);
    const waitForCursor = (is: boolean) =>
      pollUntil(takenMs, async () => {
        const screen = await look();
        return (screen !== null && isBehind(screen, text)) === is ? true : null;
      });
    await typeText(
      pane,
      text,
      signal,
      isPlain.test(text) ? async () => void (await waitForCursor(true)) : undefined,
    );
    // An Enter that came while a slow one was still at the paste is lost. One more in a menu that the command opened would choose.
    for (let enters = 1; enters < maxEnters && !(await waitForCursor(false)); enters += 1)
      await terminals.pressKey(pane.id, 'Enter');
  }

  return {
    hasDraft,
    clear: clearBox,
    typeCommand,
    /** Types a message, and sees to it that it is taken. Throws AppError `terminal_waits`, `turn_cancelled` or `terminal_failed`. */
    async sendMessage(
      pane: Pane,
      live: LiveSession | undefined,
      message: string,
      signal?: AbortSignal,
    ): Promise<void> {
      if (live?.status === 'waiting')
        throw new AppError('terminal_waits', `It waits for ${live.waitingFor ?? 'an answer'}.`);
      if (await hasDraft(pane)) throw new AppError('terminal_waits', 'Somebody has begun to type there.');
      const text = asTyped(message);
      const at = clock().toISOString();
      if (isCommand(message)) return typeCommand(pane, text, signal);
      await typeText(pane, text, signal);
      // What is typed while it works waits there for its turn.
      if (live?.status !== 'idle') return;

      const where = { sessionId: live.sessionId, project: live.project ?? '', at };
      let unread = '';
      const isWritten = () =>
        agent.transcripts.findReply(text, where).then(
          (answer) => answer !== null,
          (error: Error) => {
            unread = ` The transcript could not be read: ${error.message}.`;
            return false;
          },
        );
      let { statusAt } = live;
      // That it rests since another time can be a turn that was over in no time, or one that has just come up telling so twice.
      const isTaken = async () => {
        const found = await findStatus(pane);
        if (found?.status !== 'idle') return true;
        if (found.statusAt === statusAt) return null;
        if (await isWritten()) return true;
        statusAt = found.statusAt;
        return null;
      };
      for (let enters = 1; enters <= maxEnters; enters += 1) {
        if ((await pollUntil(takenMs, isTaken)) || (await isWritten())) return;
        // Told to stop, and perhaps taken all the same: who follows the session sees which.
        if (signal?.aborted) return;
        // One that has just come up can lose the paste as well: then the box is empty. Not at once: a slow one that has taken it would get it twice.
        const isLost =
          enters === 2 && !(await hasDraft(pane)) && !isShown(await terminals.captureText(pane.id), text);
        if (isLost) await typeText(pane, text, signal);
        // An Enter that came while a long paste was still being taken up is lost; into an empty box it does nothing.
        else await terminals.pressKey(pane.id, 'Enter');
      }
      if (!(await pollUntil(takenMs, isTaken)))
        throw terminalFailed(
          `The message was typed, and nothing came of it.${unread}`,
          await terminals.captureText(pane.id),
        );
    },
  };
}

/** So much of the screen says what is the matter. */
const lastLines = 12;

export function terminalFailed(what: string, screen: string): AppError {
  const lines = screen
    .split('\n')
    .filter((line) => line.trim())
    .slice(-lastLines);
  return new AppError(
    'terminal_failed',
    `${what}${lines.length ? ` The terminal shows: ${lines.join(' | ')}` : ''}`,
  );
}
