import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { AgentOutput } from '../../../server/agent/port.ts';
import { until } from '../../helper/until.ts';
import { verifies } from '../../requirement/verifies.ts';
import { type Engine, openBench } from './harness.ts';
import { runCases } from './run-cases.ts';

/** Whether types come in this order, with others in between. */
function isInOrder(outputs: readonly AgentOutput[], types: readonly string[]): boolean {
  let next = 0;
  for (const { type } of outputs) if (type === types[next]) next += 1;
  return next === types.length;
}

export function testRuns(engine: Engine): void {
  for (const { name, message, end, outputs, contains } of runCases) {
    verifies('agent.contract', name, async () => {
      const bench = await openBench(engine);
      const watched = await bench.run(message);
      await watched.run.started;
      expect(await watched.end()).toMatchObject(end);
      await watched.run.exited;
      const types = watched.outputs.map(({ type }) => type);
      expect([isInOrder(watched.outputs, outputs), types]).toEqual([true, types]);
      if (contains)
        expect(watched.outputs.find(({ type }) => type === contains.type)).toMatchObject(contains);
    });
  }

  verifies('agent.contract', 'counts what each run costs, and the session in total', async () => {
    const bench = await openBench(engine);
    const first = await (await bench.run('[[usage 20000 2000]][[text one]]')).answer();
    const { sessionId } = first;
    const second = await (await bench.run('[[usage 20000 2000]][[text two]]', { sessionId })).answer();
    expect(first.cost).toBeGreaterThan(0);
    expect(second.cost).toBeCloseTo(first.cost, 10);
    expect(second.totalCost).toBeCloseTo(2 * first.cost, 10);
    expect(second.usage).toMatchObject({ input_tokens: 20_000, output_tokens: 2000 });
  });

  verifies('agent.contract', 'stops in mid stream, and the session can be resumed', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run('[[slow 200 50ms]]');
    await watched.output('text', ({ text }) => text.includes('word2'));
    await watched.run.stop();
    expect(await watched.end()).toMatchObject({ kind: 'failure' });
    await watched.run.exited;
  });

  verifies('agent.contract', 'ends the tool of a run that is stopped', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run('[[tool:Bash echo $$ > pid; exec sleep 1000]][[text never]]');
    const file = join(bench.workspace.project, 'pid');
    const pid = await until('the tool', () => existsSync(file) && Number(readFileSync(file, 'utf8')));
    await watched.run.stop();
    expect(await watched.end()).toMatchObject({ kind: 'failure' });
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  verifies('agent.contract', 'refuses a project that does not exist', async () => {
    const bench = await openBench(engine);
    const project = join(bench.workspace.root, 'nowhere');
    await expect(bench.run('hello', { project })).rejects.toMatchObject({ code: 'project_not_found' });
  });
}
