import { setTimeout as delay } from 'node:timers/promises';
import type { Agent, AgentOutput, LiveSession, PromptRequest, Run, RunEnd, RunSpec } from '../agent/port.ts';
import type { TerminalReply, Transcripts } from '../agent/transcript-port.ts';
import { AppError } from '../app-error.ts';
import type { SessionLeases } from '../session/lease.ts';
import { asTyped, isCommand, toInput } from '../util/input-text.ts';
import type { TerminalSessions } from './sessions.ts';

const lookMs = 250;

/** An answer that is not in the transcript this long after the terminal is idle will not come. */
const maxLateMs = 2000;

/** A command can open a dialog (`/model`) that nobody can answer: after this many polls without a hook, it is closed. */
const dialogLooks = 8;

/** It goes from idle to busy within this time when a person's queued message follows. */
const settledLooks = 2;

/** `isSent`: from then on the terminal works on this message. */
type TypedTurn = {
  isSent: boolean;
  /** When it was typed (ISO-8601), and where. */
  at: string;
  project: string;
  /** The one-shot run, if the terminal ended before the message was typed. */
  instead: Run | null;
  onBegin(): void;
  onOutput(output: AgentOutput): void;
  hasAsked: boolean;
};

/** Where a message is typed or processed: /clear gives the process another session. */
type Place = { sessionId: string; pid: number | null; isTyped: boolean };

export type TypedTurnsDeps = {
  agent: Pick<Agent, 'listLiveSessions' | 'run'> & {
    transcripts: Pick<Transcripts, 'findReply' | 'readTextSince'>;
  };
  leases: SessionLeases;
  terminals: Pick<TerminalSessions, 'send' | 'interrupt' | 'hasDraft'>;
  now(): Date;
};

const failure = (code: 'agent_killed' | 'agent_failed', detail: string): RunEnd => ({
  kind: 'failure',
  code,
  detail,
  cost: null,
});

/** A message with its files, which Claude Code reads from their paths. */
function toTyped({ message, literal, attachments }: RunSpec): string {
  const files = attachments.map(({ path }) => `@${/\s/.test(path) ? JSON.stringify(path) : path}`);
  const text = toInput(message, literal);
  return asTyped(files.length ? `${text}\n\n${files.join('\n')}` : text);
}

/** Runs turns by typing their message into the terminal of their session, instead of starting a process. */
export function createTypedTurns({ agent, terminals, leases, now }: TypedTurnsDeps) {
  const typed = new Map<string, TypedTurn>();

  async function findLive({ pid, sessionId, isTyped }: Place): Promise<LiveSession | undefined> {
    const all = await agent.listLiveSessions();
    const own = all.find((live) => live.pid === pid);
    // Before it is typed, another terminal of the session will do.
    return own ?? (isTyped ? undefined : all.find((live) => live.sessionId === sessionId));
  }

  /** Resolves when the session of `place` is idle; null if it has ended, or on a stop. */
  async function idle(
    place: Place,
    signal: AbortSignal,
    onLook: (live: LiveSession) => Promise<void> = async () => {},
  ): Promise<LiveSession | null> {
    for (let looks = 0; !signal.aborted; ) {
      const live = await findLive(place);
      // A starting session has no process record yet.
      if (!live && !leases.isForTerminal(place.sessionId)) return null;
      if (live) {
        Object.assign(place, { sessionId: live.sessionId, pid: live.pid });
        await onLook(live);
      }
      looks = live?.status === 'idle' ? looks + 1 : 0;
      if (live && looks >= settledLooks) return live;
      await delay(lookMs, undefined, { signal }).catch(() => {});
    }
    return null;
  }

  /** The terminal ended before the message was typed: runs it in a process, unless it was stopped. */
  async function runHeadless(spec: RunSpec, own: TypedTurn, stopped: AbortSignal): Promise<RunEnd> {
    await leases.waitUntil(() => !leases.isForTerminal(spec.sessionId), stopped);
    if (stopped.aborted) return failure('agent_killed', 'It was stopped before it was sent.');
    own.onBegin();
    own.instead = await agent.run(spec, own.onOutput);
    // A stop that came while the process was starting.
    if (stopped.aborted) void own.instead.stop();
    return own.instead.end;
  }

  /** Types a message when the terminal is free; false if the terminal ended first. */
  async function typeMessage(
    message: string,
    place: Place,
    own: TypedTurn,
    stopped: AbortSignal,
  ): Promise<boolean> {
    for (;;) {
      // A person's work in the terminal comes first, including an unsent draft.
      const live = await idle(place, stopped);
      if (!live) return false;
      const { sessionId } = place;
      if (await terminals.hasDraft(sessionId).catch(() => true)) continue;
      own.isSent = true;
      own.at = now().toISOString();
      try {
        await terminals.send(sessionId, message, stopped);
        place.isTyped = true;
        return true;
      } catch (error) {
        own.isSent = false;
        const { code } = error as AppError;
        if (stopped.aborted) return false;
        if (code === 'terminal_waits') continue;
        // Killed by us, or by somebody else.
        const isGone = code === 'turn_cancelled' || code === 'terminal_not_ours';
        const isTaken = await agent.transcripts
          .findReply(message, { ...place, project: own.project, at: own.at })
          .catch(() => null);
        if (!isGone || isTaken) throw error;
        return false;
      }
    }
  }

  async function runTurn(spec: RunSpec, own: TypedTurn, stopped: AbortSignal): Promise<RunEnd> {
    const { project } = spec;
    const place: Place = { sessionId: spec.sessionId, pid: null, isTyped: false };
    const begun = performance.now();
    const message = toTyped(spec);
    if (!(await typeMessage(message, place, own, stopped))) return runHeadless(spec, own, stopped);
    own.onBegin();
    let told: TerminalReply = { text: '', isSuperseded: false, failure: null };
    const report = async () => {
      const found = await agent.transcripts
        .findReply(message, { ...place, project, at: own.at })
        .catch(() => null);
      if (found && found.text.length > told.text.length)
        own.onOutput({ type: 'text', text: found.text.slice(told.text.length) });
      told = found ?? told;
    };
    let dialogs = 0;
    let hasWorked = false;
    const look = async ({ status }: LiveSession) => {
      hasWorked ||= status === 'busy' || told.text !== '';
      // The model's questions come after work; a dialog that a person opens is theirs.
      dialogs = status === 'waiting' && !hasWorked && !own.hasAsked ? dialogs + 1 : 0;
      if (dialogs < dialogLooks) return report();
      await terminals.interrupt(place.sessionId).catch(() => {});
      throw new AppError(
        'command_refused',
        `${message.split(/\s/, 1)[0]} opens a dialog in the terminal, which was closed: it can be used there alone.`,
      );
    };
    const isKnown = () => told.text !== '' || told.isSuperseded || told.failure !== null;
    const isDone = await idle(place, stopped, isCommand(message) ? look : report);
    // The terminal stays open: only the work on this message is stopped, not what a person started after it.
    if (!isDone && stopped.aborted) await terminals.interrupt(place.sessionId).catch(() => {});
    await report();
    // The answer is in the transcript up to 60 ms after the terminal rests (2.1.329), later on a busy machine.
    for (let waited = 0; isDone && !isKnown() && waited < maxLateMs; waited += lookMs) {
      await delay(lookMs);
      await report();
    }
    if (!isDone)
      return failure(
        'agent_killed',
        stopped.aborted ? 'It was interrupted.' : 'The terminal ended before the answer did.',
      );
    if (told.failure) return { kind: 'failure', ...told.failure, cost: null };
    // A message that the terminal changed is not found by its text.
    const response = isKnown()
      ? told.text
      : await agent.transcripts.readTextSince(place.sessionId, project, own.at).catch(() => '');
    return {
      kind: 'answer',
      response,
      sessionId: place.sessionId,
      // A terminal does not report what a turn costs.
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
      let onBegin = () => {};
      const begun = new Promise<void>((resolve) => {
        onBegin = resolve;
      });
      const own: TypedTurn = {
        isSent: false,
        at: now().toISOString(),
        project: spec.project,
        instead: null,
        onBegin,
        onOutput,
        hasAsked: false,
      };
      typed.set(spec.sessionId, own);
      const end = runTurn(spec, own, stopping.signal)
        .catch((error): RunEnd => {
          if (error instanceof AppError)
            return { kind: 'failure', code: error.code, detail: error.message, cost: null };
          return failure('agent_failed', (error as Error).message);
        })
        .finally(() => typed.get(spec.sessionId) === own && typed.delete(spec.sessionId));
      return {
        started: Promise.resolve(),
        begun,
        end,
        exited: end.then(() => own.instead?.exited),
        async stop() {
          stopping.abort();
          await own.instead?.stop();
          await end;
        },
        steer: null,
      };
    },
    /** Hands a prompt of a terminal to the turn whose message it works on. False if there is none. */
    deliverPrompt(sessionId: string, request: PromptRequest): boolean {
      const own = typed.get(sessionId);
      // Before that, prompts come from a person's own work.
      if (!own?.isSent) return false;
      own.hasAsked = true;
      own.onOutput({ type: 'prompt.asked', ...request });
      return true;
    },
  };
}
