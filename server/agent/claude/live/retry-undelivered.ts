import { AppError } from '../../../app-error.ts';
import type { AgentOutput, Run, RunEnd, RunSpec } from '../../port.ts';

/** A run on a live process, which may have died before it took the message. */
export type LiveRun = Omit<Run, 'steer'> & { wasDelivered(): boolean; steer: Send };

type Send = (spec: RunSpec, onOutput: (output: AgentOutput) => void) => LiveRun;

/**
 * A run that is begun once more on another process where the first one turns out to have died before it took
 * the message: nothing of it was done, and it has the same UUID, so that it can never be done twice. The same
 * holds for messages that it is steered by.
 */
export function retryIfUndelivered(
  first: LiveRun,
  again: (...message: Parameters<Send>) => Promise<LiveRun>,
  message: Parameters<Send>,
): Run {
  let current = first;
  let isStopped = false;

  async function end(): Promise<RunEnd> {
    const value = await first.end;
    const hasDied =
      value.kind === 'failure' && (value.code === 'agent_killed' || value.code === 'agent_failed');
    if (!hasDied || first.wasDelivered() || isStopped) return value;
    try {
      current = await again(...message);
      if (isStopped) void current.stop();
      return await current.end;
    } catch (error) {
      return error instanceof AppError
        ? { kind: 'failure', code: error.code, detail: error.message, cost: null }
        : value;
    }
  }

  const ended = end();
  return {
    started: first.started,
    end: ended,
    exited: ended.then(() => {}),
    stop() {
      isStopped = true;
      return current.stop();
    },
    steer: (...further) => retryIfUndelivered(current.steer(...further), again, further),
  };
}
