import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { HistoryMessage } from '../../../contract/message.ts';
import { verifies } from '../../requirement/verifies.ts';
import { type Bench, type Engine, openBench } from './harness.ts';

const readTexts = async ({ agent, workspace }: Bench, sessionId: string) => {
  const { messages } = await agent.transcripts.readPage(sessionId, workspace.project, { limit: 50 });
  return messages.map(({ role, text }: HistoryMessage) => [role, text]);
};

export function testSessions(engine: Engine): void {
  verifies('agent.contract', 'resumes a session after a stop, and with another engine', async () => {
    const bench = await openBench(engine);
    const first = await (await bench.run('first')).answer();
    const { sessionId } = first;
    const stopped = await bench.run('[[hang]]', { sessionId });
    await bench.api.waitFor('[[hang]]');
    await stopped.run.stop();
    await stopped.run.exited;
    const second = await bench.run('second', { sessionId });
    expect(await second.answer()).toMatchObject({ sessionId });
    await second.run.exited;
    const again = await bench.reopen();
    expect(await (await again.run('third', { sessionId })).answer()).toMatchObject({
      sessionId,
      response: 'Echo: third',
    });
    const request = JSON.stringify(bench.api.received.at(-1)?.body);
    for (const text of ['first', 'Echo: first', 'second', 'Echo: second']) expect(request).toContain(text);
  });

  verifies('agent.contract', 'reports a crash, after which the session can be resumed', async () => {
    const bench = await openBench(engine);
    const { sessionId } = await (await bench.run('before')).answer();
    const watched = await bench.run('[[hang]]', { sessionId });
    await bench.api.waitFor('[[hang]]');
    await bench.crash(sessionId);
    expect(await watched.end()).toMatchObject({
      kind: 'failure',
      code: 'agent_killed',
      exit: { signal: 'SIGKILL' },
    });
    await watched.run.exited;
    const after = await (await bench.run('after', { sessionId })).answer();
    expect(after).toMatchObject({ response: 'Echo: after', sessionId });
    expect(JSON.stringify(bench.api.received.at(-1)?.body)).toContain('before');
  });

  verifies('agent.contract', 'keeps a session open, changes its settings, and closes it', async () => {
    const bench = await openBench(engine);
    const { live } = bench.agent;
    const sessionId = randomUUID();
    const launch = { sessionId, permissionMode: 'acceptEdits' };
    await live.warm({ ...toLaunch(bench.workspace.project), ...launch });
    expect([live.isOpen(sessionId), live.counts()]).toEqual([true, { open: 1, busy: 0, limit: 2 }]);
    const watched = await bench.run('[[hang]]', launch);
    await bench.api.waitFor('[[hang]]');
    expect(live.counts()).toMatchObject({ open: 1, busy: 1 });
    await watched.run.stop();
    await live.adjust(sessionId, { permissionMode: 'plan' });
    await live.close(sessionId);
    expect([live.isOpen(sessionId), live.counts().open]).toEqual([false, 0]);
  });

  verifies('agent.contract', 'keeps open no more sessions than its limit', async () => {
    const bench = await openBench(engine);
    const { live } = bench.agent;
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    for (const sessionId of ids) await live.warm({ ...toLaunch(bench.workspace.project), sessionId });
    await bench.listener.until(() => live.counts().open === 2);
    expect(ids.map((id) => live.isOpen(id))).toEqual([false, true, true]);
  });

  verifies('agent.contract', 'writes a transcript that has what was said and done', async () => {
    const bench = await openBench(engine);
    const from = new Date().toISOString();
    const { agent, workspace } = bench;
    const answer = await (await bench.run('[[text first]][[tool:Bash echo made]][[text done]]')).answer();
    const { sessionId } = answer;
    await (await bench.run('again', { sessionId })).answer();
    const { messages } = await agent.transcripts.readPage(sessionId, workspace.project, { limit: 50 });
    expect(messages.at(-1)).toMatchObject({ role: 'assistant', text: 'Echo: again' });
    expect(messages.flatMap(({ parts }) => parts)).toContainEqual(
      expect.objectContaining({ type: 'tool', name: 'Bash', output: 'made', is_error: false }),
    );
    expect(await agent.transcripts.getState(sessionId, workspace.project)).toBe('usable');
    expect(await agent.transcripts.getState(randomUUID(), workspace.project)).toBe('none');
    expect(await agent.transcripts.find(sessionId)).toEqual({ project: workspace.project });
    expect(await agent.transcripts.readTextSince(sessionId, workspace.project, from)).toContain(
      'Echo: again',
    );
    const to = new Date().toISOString();
    expect(await agent.transcripts.keepsAnswer(answer, { project: workspace.project, from, to })).toBe(true);
  });

  verifies('agent.contract', 'copies a session, which then continues on its own', async () => {
    const bench = await openBench(engine);
    const { agent, workspace } = bench;
    const { sessionId } = await (await bench.run('one')).answer();
    const copy = randomUUID();
    const from = { sessionId, project: workspace.project, until: null };
    expect(await agent.transcripts.fork(from, copy)).toBe(true);
    await (await bench.run('only in the copy', { sessionId: copy })).answer();
    expect(await readTexts(bench, copy)).toEqual([
      ['user', 'one'],
      ['assistant', 'Echo: one'],
      ['user', 'only in the copy'],
      ['assistant', 'Echo: only in the copy'],
    ]);
    expect(await readTexts(bench, sessionId)).toHaveLength(2);
  });
}

const toLaunch = (project: string) => ({
  project,
  permissionMode: 'acceptEdits',
  allowedTools: 'Bash,Agent,Task',
  model: null,
  effort: null,
  extraArgs: [],
  jsonSchema: null,
});
