import type { AgentOutput, PromptRequest, Run, RunSpec } from '../agent/port.ts';
import { TypedTurn, type TypedTurnDeps } from './typed-turn.ts';

/** Runs turns by typing their message into the terminal of their session, instead of starting a process. */
export class TypedTurns {
  readonly #deps: TypedTurnDeps;
  /** By the session that each began in. */
  readonly #turns = new Map<string, TypedTurn>();

  constructor(deps: TypedTurnDeps) {
    this.#deps = deps;
  }

  start(spec: RunSpec, onOutput: (output: AgentOutput) => void): Run {
    const turn = new TypedTurn(spec, onOutput, this.#deps);
    this.#turns.set(spec.sessionId, turn);
    const run = turn.start();
    void run.end.finally(() => {
      if (this.#turns.get(spec.sessionId) === turn) this.#turns.delete(spec.sessionId);
    });
    return run;
  }

  /** Hands a prompt of a terminal to the turn whose message it works on. False if there is none. */
  deliverPrompt(sessionId: string, request: PromptRequest): boolean {
    return this.#turns.get(sessionId)?.deliverPrompt(request) ?? false;
  }
}
