import type { AgentOutput, Run, RunSpec } from '../agent/port.ts';

/** Types a message into the terminal of its session, and follows the work on it. */
export type StartTypedTurn = (spec: RunSpec, onOutput: (output: AgentOutput) => void) => Run;
