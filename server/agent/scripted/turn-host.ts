import type { Block } from '../../transcript/message-part.ts';
import type { AgentOutput, Run, RunSpec } from '../port.ts';
import type { BackgroundShells, Tasks } from './background.ts';
import type { ModelMessage, ModelRequest } from './model.ts';
import type { CallContext, CallResult } from './tool-call.ts';

/** What a tool call gets from its session. */
export type SessionCallContext = Pick<
  CallContext,
  'project' | 'env' | 'permissionMode' | 'allowedTools' | 'planFile' | 'canAsk' | 'changeMode'
>;

export type NewMessage = { uuid?: string; origin?: object };

export type NewText = { model?: string; isApiErrorMessage?: boolean };

/** A session, as far as its turns use it. */
export interface TurnHost<Turn> {
  readonly sessionId: string;
  readonly isKept: boolean;
  readonly messages: ModelMessage[];
  readonly tasks: Tasks;
  readonly shells: BackgroundShells;
  totalCost: number;
  now(): Date;
  send(spec: RunSpec, onOutput: (output: AgentOutput) => void): Run;
  /** Gives the messages that wait to the turn that runs. */
  mergeWaiting(turn: Turn): object[];
  notifyTurn(turn: Turn, agentId: string, notice: string): void;
  noteEnd(turn: Turn): void;
  noteCost(): void;
  add(type: 'user', content: string | object[], more?: NewMessage): void;
  /** Adds a text of the model, or of the agent itself. */
  addText(text: string, more?: NewText): void;
  addBlock(block: Block, id: string, model: string): void;
  addResult(block: object, result: CallResult): void;
  modelDeps(signal: AbortSignal): { url: string; maxRetries: number; signal: AbortSignal };
  toRequest(messages: ModelMessage[]): ModelRequest;
  callContext(): SessionCallContext;
}
