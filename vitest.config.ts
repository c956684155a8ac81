import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { RetryReporter } from './test/helper/retry-reporter.ts';

/** What takes longest: begun last, one of them would go on alone when all others are done. */
const long = [
  'e2e/access',
  'packaged/crash',
  'e2e/reconnect',
  'integration/terminal',
  'e2e/',
  'packaged/',
  'integration/',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = long.findIndex((part) => moduleId.includes(`/test/${part}`));
      return at < 0 ? long.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A busy machine is slow, not wrong. A test that passes never waits for these.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default', new RetryReporter()],
    // Each file starts servers, agents and browsers, and waits for them a part of the time; with four the agents themselves get slow.
    maxWorkers: 3,
    // No module keeps a state that one test could leave to another; read anew for each of 80 files they cost a minute and more.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // CI's machine is shared, and a test that starts browsers and agents can meet a moment in which nothing moves.
    retry: process.env['CI'] ? 1 : 0,
    onConsoleLog: () => undefined,
  },
});
