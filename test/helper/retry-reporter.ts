import type { Reporter, TestCase } from 'vitest/node';

/** Lists the tests that passed only when they were tried again, each with its first failure. */
export class RetryReporter implements Reporter {
  private readonly retried: { name: string; failure: string }[] = [];

  onTestCaseResult(test: TestCase): void {
    const retryCount = test.diagnostic()?.retryCount ?? 0;
    const [failure] = test.result().errors ?? [];
    if (retryCount === 0 || test.result().state !== 'passed') return;
    const name = `${test.module.relativeModuleId} > ${test.fullName}`;
    this.retried.push({ name, failure: failure?.stack ?? failure?.message ?? 'unknown' });
  }

  onTestRunEnd(): void {
    if (!this.retried.length) return;
    const lines = this.retried.map(({ name, failure }) => `\n${name}\n${failure}\n`);
    process.stdout.write(`\nPassed only on a retry: ${this.retried.length}\n${lines.join('')}`);
  }
}
