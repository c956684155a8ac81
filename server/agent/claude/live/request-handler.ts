import type { AskedPrompt, PromptReply } from '../../port.ts';
import type { ControlRequestLine } from '../protocol.ts';
import { findOverspending, toBudgetPrompt } from './budget-hook.ts';
import type { Channel } from './channel.ts';
import type { ControlCommands } from './control-commands.ts';
import { PendingRequests } from './pending-requests.ts';
import { toPrompt, toResponse } from './reply.ts';
import type { LiveTurn, LiveTurns } from './turns.ts';

const nobodyToAsk = 'This requires approval, and nobody is there to be asked.';

export type RequestHandlerDeps = {
  channel: Pick<Channel, 'isAlive' | 'respond' | 'respondError'>;
  control: ControlCommands;
  turns: LiveTurns;
  /** A request was answered, or waits for a person now. */
  onSettled(): void;
  /** A request could not be handled: the process would wait for its answer forever. */
  onFault(error: unknown): void;
};

/** Answers the control requests of a live process: permissions, questions, and the hook before each tool. */
export class RequestHandler {
  readonly #deps: RequestHandlerDeps;
  readonly #pending = new PendingRequests();

  constructor(deps: RequestHandlerDeps) {
    this.#deps = deps;
  }

  /** Whether the process waits for an answer. */
  get isWaiting(): boolean {
    return this.#pending.size > 0;
  }

  handle(line: ControlRequestLine): void {
    this.#answer(line).catch(this.#deps.onFault).finally(this.#deps.onSettled);
  }

  /** The process does not wait for the answer to a request any more. */
  close(requestId: string): void {
    this.#pending.close(requestId);
  }

  /** The turn of a message has ended. */
  closeTurn(messageId: string | null): void {
    this.#pending.closeTurn(messageId);
  }

  closeAll(): void {
    this.#pending.closeAll();
  }

  async #answer({ requestId, request }: ControlRequestLine): Promise<void> {
    const { channel, turns } = this.#deps;
    const turn = turns.findOwner(request.toolId);
    if (request.subtype === 'unsupported') {
      const reason = request.name ? `${request.name} is not supported here` : 'the request has no subtype';
      channel.respondError(requestId, reason);
    } else if (request.subtype === 'hook_callback') {
      if (turn?.budget) await this.#enforceBudget(requestId, request.tool, turn);
      else channel.respond(requestId, {});
    } else if (turn?.canPrompt) {
      const prompt = toPrompt(requestId, request, turns.findParent(request.toolId));
      const signal = this.#pending.open(requestId, turn.messageId);
      this.#ask(turn, prompt, signal, (reply) => channel.respond(requestId, toResponse(reply)));
    } else {
      channel.respond(requestId, { behavior: 'deny', message: nobodyToAsk });
    }
  }

  /** Before each tool: a turn that has used up its budget waits for a person. */
  async #enforceBudget(requestId: string, tool: string, turn: LiveTurn): Promise<void> {
    const { channel, control } = this.#deps;
    const signal = this.#pending.open(requestId, turn.messageId);
    const overspending = await findOverspending(turn, { ...this.#deps, signal });
    // The turn may have ended, or been stopped, meanwhile.
    if (signal.aborted) return;
    if (!overspending) {
      this.#pending.close(requestId);
      channel.respond(requestId, {});
      return;
    }
    this.#ask(turn, toBudgetPrompt(requestId, tool, overspending), signal, ({ decision }) => {
      channel.respond(requestId, {});
      if (decision === 'deny') void control.interrupt().catch(() => {});
    });
  }

  /** Asks a person. `deliver` answers the request of the CLI. */
  #ask(
    turn: LiveTurn,
    prompt: AskedPrompt,
    signal: AbortSignal,
    deliver: (reply: PromptReply) => void,
  ): void {
    const respond = (reply: PromptReply): boolean => {
      if (signal.aborted || !this.#deps.channel.isAlive) return false;
      deliver(reply);
      this.#pending.close(prompt.id);
      this.#deps.onSettled();
      return true;
    };
    turn.onOutput({ type: 'prompt.asked', prompt, respond, signal });
  }
}
