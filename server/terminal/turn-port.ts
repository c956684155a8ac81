import type { AgentOutput, Run, RunSpec } from '../agent/port.ts';

/** The terminals that sessions are open in, as conversations need them. */
export interface TerminalTurns {
  /** Whether a session is open in a terminal that was started here. */
  isOpenInTerminal(sessionId: string | null): boolean;
  /** Types a message into its terminal, and follows what comes of it. */
  startTypedTurn(spec: RunSpec, onOutput: (output: AgentOutput) => void): Run;
}
