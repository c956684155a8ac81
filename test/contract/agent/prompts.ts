import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { until } from '../../helper/until.ts';
import { verifies } from '../../requirement/verifies.ts';
import { type Engine, openBench } from './harness.ts';

/** A mode in which a person is asked, and no tool that is allowed beforehand. */
const asking = { permissionMode: 'default', allowedTools: '' };

export function testPrompts(engine: Engine): void {
  verifies('agent.contract', 'asks before a tool, and takes another input with the permission', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run('[[tool:Bash touch asked]][[text done]]', asking);
    const { prompt, respond, signal } = await watched.prompt();
    expect(prompt).toMatchObject({
      kind: 'permission',
      tool: 'Bash',
      input: { command: 'touch asked' },
      parent_tool_id: null,
    });
    expect(signal.aborted).toBe(false);
    expect(respond({ decision: 'allow', input: { ...prompt.input, command: 'touch changed' } })).toBe(true);
    expect(await watched.answer()).toMatchObject({ response: 'done', permissionDenials: [] });
    const made = ['asked', 'changed'].map((name) => existsSync(join(bench.workspace.project, name)));
    expect(made).toEqual([false, true]);
    expect([signal.aborted, respond({ decision: 'allow', input: {} })]).toEqual([true, false]);
  });

  verifies('agent.contract', 'gives the model the words of a refusal', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run('[[tool:Bash touch asked]][[text understood]]', asking);
    (await watched.prompt()).respond({ decision: 'deny', message: 'Not on a Friday.', interrupt: false });
    const { response, permissionDenials } = await watched.answer();
    expect([response, permissionDenials]).toMatchObject(['understood', [{ tool_name: 'Bash' }]]);
    expect(await watched.output('tool.finished')).toMatchObject({
      output: 'Not on a Friday.',
      is_error: true,
    });
  });

  verifies('agent.contract', 'ends a run whose prompt is refused with a stop', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run('[[tool:Bash touch asked]][[text never]]', asking);
    (await watched.prompt()).respond({ decision: 'deny', message: 'Stop.', interrupt: true });
    expect(await watched.end()).toMatchObject({ kind: 'failure', code: 'agent_killed' });
  });

  verifies('agent.contract', 'withdraws a prompt whose run is stopped', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run('[[tool:Bash touch asked]][[text never]]', asking);
    const { respond, signal } = await watched.prompt();
    await watched.run.stop();
    expect([signal.aborted, respond({ decision: 'allow', input: {} })]).toEqual([true, false]);
  });

  verifies('agent.contract', 'refuses what would ask when nobody is there', async () => {
    const bench = await openBench(engine);
    const options = { permissionMode: 'acceptEdits', allowedTools: '' };
    const watched = await bench.run('[[tool:Bash node -e 1]][[text without]]', options);
    const { response, permissionDenials } = await watched.answer();
    expect([response, permissionDenials]).toMatchObject(['without', [{ tool_name: 'Bash' }]]);
    expect(watched.outputs.some(({ type }) => type === 'prompt.asked')).toBe(false);
  });

  verifies('agent.contract', 'asks a question and gives the model the answers', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run('[[ask Which colour?|Red|Blue]][[text thanks]]', asking);
    const { prompt, respond } = await watched.prompt('question');
    expect(prompt.input).toMatchObject({ questions: [{ question: 'Which colour?' }] });
    respond({ decision: 'allow', input: prompt.input, answers: { 'Which colour?': 'Blue' } });
    expect(await watched.answer()).toMatchObject({ response: 'thanks' });
    const { output } = await watched.output('tool.finished');
    expect(output).toContain('"Which colour?"="Blue"');
  });

  verifies('agent.contract', 'shows a plan, and continues in the mode that a person picks', async () => {
    const bench = await openBench(engine);
    const watched = await bench.run('[[plan Step one.]][[tool:Write made.txt words]][[text built]]', {
      ...asking,
      permissionMode: 'plan',
    });
    const { prompt, respond } = await watched.prompt('plan');
    expect(prompt.input).toMatchObject({ plan: 'Step one.' });
    respond({ decision: 'allow', input: prompt.input, permissionMode: 'acceptEdits' });
    expect(await watched.answer()).toMatchObject({ response: 'built' });
    expect(existsSync(join(bench.workspace.project, 'made.txt'))).toBe(true);
  });

  verifies('agent.contract', 'waits at its next tool when the budget is used up', async () => {
    const bench = await openBench(engine);
    let limit = 0.0001;
    const watched = await bench.run('[[usage 20000 2000]][[tool:Bash touch made]][[text done]]', {
      budget: { left: () => limit },
    });
    const { prompt, respond } = await watched.prompt('budget');
    expect(prompt.tool).toBe('Bash');
    expect(Number(prompt.input['spent_usd'])).toBeGreaterThan(limit);
    limit = 100;
    respond({ decision: 'allow', input: {} });
    expect(await watched.answer()).toMatchObject({ response: 'done' });
  });

  verifies('agent.contract', 'takes a message while a tool runs, and answers both at once', async () => {
    const bench = await openBench(engine);
    const file = join(bench.workspace.project, 'go');
    const wait = 'touch begun; until [ -e go ]; do sleep 0.02; done';
    const host = await bench.run(`[[tool:Bash ${wait}]][[text final]]`, { permissionMode: 'default' });
    await until('the tool', () => existsSync(join(bench.workspace.project, 'begun')));
    const steered = bench.steer(host, 'mind the tests', { permissionMode: 'default' });
    writeFileSync(file, '');
    const [first, second] = await Promise.all([host.answer(), steered.answer()]);
    expect([first.response, second.response]).toEqual(['final', 'final']);
    expect([first.cost > 0, second.cost]).toEqual([true, 0]);
    expect(JSON.stringify(bench.api.received.at(-1)?.body)).toContain('mind the tests');
  });
}
