import { test } from 'vitest';
import type { RequirementId } from './requirement.ts';

/** A test that shows that a promise is kept. `test/requirement/coverage.test.ts` looks for the ids. */
export function verifies(
  ids: RequirementId | readonly RequirementId[],
  name: string,
  body: () => Promise<void> | void,
  timeoutMs = 180_000,
): void {
  test(`${name} [${[ids].flat().join(', ')}]`, { timeout: timeoutMs }, body);
}
