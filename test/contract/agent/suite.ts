import { describe } from 'vitest';
import { testBackground } from './background.ts';
import type { Engine } from './harness.ts';
import { testPrompts } from './prompts.ts';
import { testRuns } from './runs.ts';
import { testSessions } from './sessions.ts';

/** What every engine behind the agent port does. */
export function describeAgent(engine: Engine): void {
  describe(engine.name, () => {
    testRuns(engine);
    testSessions(engine);
    testPrompts(engine);
    testBackground(engine);
  });
}
