import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, AgentOutput, AskedPrompt, LiveSession, PromptReply, Run, RunEnd, RunSpec } from '../agent/port.ts';
import { AppError } from '../app-error.ts';
import type { TerminalSessions } from '../host/terminal-sessions.ts';
import { asTyped } from '../typed-text.ts';

const lookMs = 250;

/** An answer that is not in the transcript so long after the terminal rests will not come. */
const maxLateMs = 2000;

/** It goes from idle to busy within this when the queued words of a person follow. */
const settledLooks = 2;

/** `isSent`: from then on what the terminal does is this message's work. */
type Typed = {
  isSent: boolean;
  /** A run of its own: the terminal ended before the message was typed. */
  instead: Run | null;
  onOutput(output: AgentOutput): void;
  replies: Map<string, (reply: PromptReply) => boolean>;
};

export type DeskRunsDeps = {
  agent: Pick<Agent, 'liveSessions' | 'answerTo' | 'writtenSince' | 'run'>;
  /** Resolves when no terminal has the session any more, or nobody wants to know. */
  closed(sessionId: string, signal: AbortSignal): Promise<void>;
  terminals: Pick<TerminalSessions, 'send' | 'interrupt' | 'hasDraft'>;
  now(): Date;
};

const failure = (code: 'agent_killed' | 'agent_failed', detail: string): RunEnd => ({ kind: 'failure', code, detail, cost: null });

/** What goes with a message as a file: Claude Code reads it from where it lies. */
function withFiles({ message, attachments }: RunSpec): string {
  const files = attachments.map(({ path }) => `@${/\s/.test(path) ? JSON.stringify(path) : path}`);
  return files.length ? `${message}\n\n${files.join('\n')}` : message;
}

/** Turns whose message is typed into the terminal that has their session, in place of a process of their own. */
export function createDeskRuns({ agent, terminals, closed, now }: DeskRunsDeps) {
  const typed = new Map<string, Typed>();

  const liveOf = async (isMeant: (live: LiveSession) => boolean): Promise<LiveSession | undefined> => (await agent.liveSessions()).find(isMeant);

  /** Resolves when it waits for the next message; null when it has ended, or was told to stop. */
  async function idle(
    isMeant: (live: LiveSession) => boolean,
    signal: AbortSignal,
    onLook: (live: LiveSession) => Promise<void>,
  ): Promise<LiveSession | null> {
    for (let looks = 0; !signal.aborted; ) {
      const live = await liveOf(isMeant);
      if (!live) return null;
      await onLook(live);
      looks = live.status === 'idle' ? looks + 1 : 0;
      if (looks >= settledLooks) return live;
      await delay(lookMs, undefined, { signal }).catch(() => {});
    }
    return null;
  }

  /** The terminal ended before the message was typed: it runs as any other, unless it was stopped meanwhile. */
  async function runInstead(spec: RunSpec, own: Typed, stopped: AbortSignal): Promise<RunEnd> {
    await closed(spec.sessionId, stopped);
    if (stopped.aborted) return failure('agent_killed', 'It was stopped before it was sent.');
    own.instead = await agent.run(spec, own.onOutput);
    // A stop that came while the process was being made.
    if (stopped.aborted) void own.instead.stop();
    return own.instead.end;
  }

  async function work(spec: RunSpec, own: Typed, stopped: AbortSignal): Promise<RunEnd> {
    const { project } = spec;
    // /clear gives its process another session.
    let { sessionId } = spec;
    const begun = performance.now();
    // What a person is in the middle of there comes first, be it a message that they have not sent.
    let resting: LiveSession | null;
    do {
      resting = await idle(
        (live) => live.sessionId === sessionId,
        stopped,
        async () => {},
      );
      if (!resting) return runInstead(spec, own, stopped);
    } while (await terminals.hasDraft(sessionId).catch(() => true));
    const at = now().toISOString();
    const message = asTyped(withFiles(spec));
    let told = '';
    let isOver = false;
    const tell = async () => {
      const found = await agent.answerTo(message, { sessionId, project, at }).catch(() => null);
      if (found && found.text.length > told.length) own.onOutput({ type: 'text', text: found.text.slice(told.length) });
      told = found?.text ?? told;
      isOver = found?.isOver ?? false;
    };
    const { pid } = resting;
    const isOurs = (live: LiveSession) => live.pid === pid;
    own.isSent = true;
    try {
      await terminals.send(sessionId, message, stopped);
    } catch (error) {
      const isKilled = (error as AppError).code === 'turn_cancelled' || !(await liveOf(isOurs));
      if (stopped.aborted || !isKilled || (await agent.answerTo(message, { sessionId, project, at }).catch(() => null))) throw error;
      own.isSent = false;
      return runInstead(spec, own, stopped);
    }
    const isDone = await idle(isOurs, stopped, async (live) => {
      sessionId = live.sessionId;
      await tell();
    });
    await tell();
    // The answer is in the transcript up to 60 ms after the terminal rests (2.1.329), later on a crowded machine.
    for (let waited = 0; isDone && told === '' && !isOver && waited < maxLateMs; waited += lookMs) {
      await delay(lookMs);
      await tell();
    }
    // A message that the terminal took in other words is not found by its own.
    if (isDone && told === '' && !isOver) told = await agent.writtenSince(sessionId, project, at).catch(() => '');
    if (!isDone) return failure('agent_killed', stopped.aborted ? 'It was interrupted.' : 'The terminal ended before the answer did.');
    return {
      kind: 'answer',
      response: told,
      sessionId,
      // A terminal does not say what a turn costs.
      cost: 0,
      totalCost: 0,
      turns: 1,
      durationMs: Math.round(performance.now() - begun),
      usage: {},
      permissionDenials: [],
      contextWindow: null,
    };
  }

  return {
    start(spec: RunSpec, onOutput: (output: AgentOutput) => void): Run {
      const stopping = new AbortController();
      const own: Typed = { isSent: false, instead: null, onOutput, replies: new Map() };
      typed.set(spec.sessionId, own);
      const end = work(spec, own, stopping.signal)
        .catch((error): RunEnd => {
          if (error instanceof AppError) return { kind: 'failure', code: error.code, detail: error.message, cost: null };
          return failure('agent_failed', (error as Error).message);
        })
        .finally(() => typed.get(spec.sessionId) === own && typed.delete(spec.sessionId));
      return {
        started: Promise.resolve(),
        end,
        exited: end.then(() => own.instead?.exited),
        async stop() {
          // The terminal stays: only what it does is stopped.
          if (own.isSent && typed.get(spec.sessionId) === own) await terminals.interrupt(spec.sessionId).catch(() => {});
          stopping.abort();
          await own.instead?.stop();
          await end;
        },
        answer: (id, reply) => own.instead?.answer(id, reply) ?? own.replies.get(id)?.(reply) ?? false,
        steer: null,
      };
    },
    /** What a terminal asks while a message of ours is at work in it is asked by that message's turn. */
    give(sessionId: string, asked: AskedPrompt, give: (reply: PromptReply) => boolean): { withdraw(): void } | null {
      const own = typed.get(sessionId);
      if (!own) return null;
      own.replies.set(asked.id, give);
      own.onOutput({ type: 'prompt.asked', prompt: asked });
      return { withdraw: () => own.onOutput({ type: 'prompt.withdrawn', id: asked.id }) };
    },
  };
}
