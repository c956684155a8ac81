import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each file starts servers, agents and browsers; more side by side only wait for the two cores.
    maxWorkers: 3,
    // CI's machine is shared, and a test that starts browsers and agents can meet a moment in which nothing moves.
    retry: process.env['CI'] ? 1 : 0,
    onConsoleLog: () => undefined,
  },
});
