import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { verifies } from '../../requirement/verifies.ts';
import { type Engine, openBench } from './harness.ts';

/** A mode whose sessions stay open, so that background work outlives a run. */
const open = { permissionMode: 'default' };

const inBackground = (command: string) =>
  `[[tool:Bash ${JSON.stringify({ command, description: 'beside', run_in_background: true })}]]`;

export function testBackground(engine: Engine): void {
  verifies('agent.contract', 'runs a sub-agent beside, and answers when its work is used', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run(
      '[[agent general-purpose {{tool:Bash echo below}}{{text report}}]][[text launched]]',
      open,
    );
    const { tool_id } = await watched.output('tool.started', ({ parent_tool_id }) => parent_tool_id === null);
    expect(
      await watched.output('tool.finished', ({ parent_tool_id }) => parent_tool_id !== null),
    ).toMatchObject({
      output: 'below',
      parent_tool_id: tool_id,
    });
    expect((await watched.answer()).response).toContain('Agent "a sub-agent"');
    expect(bench.listener.ended).toContainEqual({ kind: 'agent', status: 'completed' });
  });

  verifies('agent.contract', 'starts a turn when a shell in the background has ended', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run(`${inBackground('sleep 0.3; echo late')}[[text started]]`, open);
    expect((await watched.answer()).response).toBe('started');
    await bench.listener.until(() => bench.listener.agentTurns.length === 1);
    const [own] = bench.listener.agentTurns;
    expect((await own?.answer())?.response).toContain('Noticed:');
    expect(bench.listener.ended).toEqual([{ kind: 'shell', status: 'completed' }]);
  });

  verifies('agent.contract', 'stops a shell in the background, and closes no session over one', async () => {
    const bench = await openBench(engine);
    const sessionId = randomUUID();
    const { live } = bench.agent;
    const tasks: string[] = [];
    live.listen({
      background: (_session, list) => {
        tasks.splice(0, tasks.length, ...list.map(({ id }) => id));
      },
    });
    await (
      await bench.run(`${inBackground('echo hidden; sleep 1000')}[[text started]]`, { ...open, sessionId })
    ).answer();
    await expect(live.release(sessionId)).rejects.toMatchObject({ code: 'background_busy' });
    const [id = ''] = tasks;
    expect(await live.stopTask(sessionId, 'no such task')).toBe(false);
    expect(await live.stopTask(sessionId, id)).toBe(true);
    await bench.listener.until(() => bench.listener.ended.length === 1);
    expect(bench.listener.ended).toEqual([{ kind: 'shell', status: 'killed' }]);
  });
}
