import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, type ClientRequest, request } from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';
import { basic } from '../helper/client.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { packageRoot, startTestApi } from '../helper/server.ts';
import { type ServerProcess, startServerProcess } from '../helper/server-process.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const helper = (name: string) => join(import.meta.dirname, '..', 'helper', name);

/** Sends messages over one open connection: on a machine without descriptors no new one is accepted. */
function keepConnection({ url }: ServerProcess) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return async (method: string, path: string, body?: object) => {
    const sent = request(url + path, {
      method,
      agent,
      headers: { authorization: basic, 'content-type': 'application/json' },
    });
    sent.end(body ? JSON.stringify(body) : undefined);
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode as number, body: JSON.parse(text) };
  };
}

verifies(
  'machine.exhausted',
  'without a free descriptor a message waits, its sender is notified, and the server survives',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const server = await startServerProcess(workspace, serverEnv(workspace, api), packageRoot, {
      maxFiles: 90,
    });
    const send = keepConnection(server);
    await send('GET', '/api/status');
    const readers: ClientRequest[] = [];
    const openReader = async () => {
      // The server closes a connection that is idle for 5 s, and no descriptor is left for another.
      await send('GET', '/api/status');
      const reader = request(`${server.url}/api/events`, { agent: false, headers: { authorization: basic } });
      readers.push(reader.end());
      reader.on('error', () => {});
      return once(reader, 'response').then(
        () => true,
        () => false,
      );
    };
    // What the server did meanwhile may have ended and left descriptors: then they are taken as well.
    const refused = await until('a machine without descriptors', async () => {
      while (await openReader());
      const answer = await send('POST', '/api/chat', { message: 'waits', conv_id: 'a' });
      return answer.status !== 200 && answer;
    });
    expect(refused).toMatchObject({
      status: 503,
      body: { code: 'machine_exhausted', turn_id: expect.any(String) },
    });
    expect((await send('GET', `/api/turns/${refused.body.turn_id}`)).body).toMatchObject({ state: 'queued' });
    for (const reader of readers) reader.destroy();
    expect(await server.end(refused.body.turn_id)).toMatchObject({ state: 'completed', text: 'Echo: waits' });
    expect(await server.chat({ message: 'next', conv_id: 'a' })).toMatchObject({ response: 'Echo: next' });
    expect(server.child.exitCode).toBe(null);
  },
);

const lasting = {
  ENOENT: 'agent_not_found',
  EACCES: 'agent_not_found',
  E2BIG: 'invalid_request',
  ENOSPC: 'agent_not_found',
};
const passing = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];

verifies(
  'machine.exhausted',
  'each way in which a start can fail ends the turn or keeps it, and frees its place',
  async () => {
    const workspace = await createWorkspace();
    const file = join(workspace.root, 'faults.json');
    const bin = await writeFakeClaude(
      workspace,
      `cat >/dev/null; echo '{"type":"result","session_id":"11111111-1111-4111-8111-111111111111","result":"fine"}'`,
    );
    const env = serverEnv(workspace, null, {
      CLAUDE_BIN: bin,
      SPAWN_FAULTS: file,
      MAX_CONCURRENT_TURNS: '1',
    });
    const server = await startServerProcess(workspace, env, packageRoot, {
      nodeArgs: ['--import', helper('spawn-fault.mjs')],
    });
    // Once for the agent alone, once for every program: git, tmux and ps as well.
    for (const program of ['fake-claude', '*']) {
      for (const [errno, code] of Object.entries(lasting)) {
        const name = `${program.length}-${errno}`;
        await writeFile(file, JSON.stringify({ [program]: errno }));
        expect(await server.chat({ message: errno, conv_id: name }), errno).toMatchObject({
          code,
          turn_id: expect.any(String),
        });
        await writeFile(file, '{}');
        expect(await server.chat({ message: 'next', conv_id: name }), errno).toMatchObject({
          response: 'fine',
        });
      }
      for (const errno of passing) {
        const name = `${program.length}-${errno}`;
        await writeFile(file, JSON.stringify({ [program]: errno }));
        const refused = await server.chat({ message: errno, conv_id: name });
        expect(refused, errno).toMatchObject({
          code: 'machine_exhausted',
          status: 503,
          turn_id: expect.any(String),
        });
        expect((await server.get(`/api/turns/${refused.turn_id}`)).state).toMatch(/queued|running/);
        await writeFile(file, '{}');
        expect(await server.end(refused.turn_id), errno).toMatchObject({ state: 'completed', text: 'fine' });
      }
    }
    expect(server.child.exitCode).toBe(null);
  },
);

verifies(
  'machine.contained',
  'a timer that throws ends neither the server nor the turn that runs',
  async () => {
    const workspace = await createWorkspace();
    const api = await startTestApi();
    const how = { nodeArgs: ['--import', helper('fault-on-signal.mjs')] };
    const server = await startServerProcess(workspace, serverEnv(workspace, api), undefined, how);
    const running = await server.accept('a', { message: '[[first 500ms]][[text whole]]' });
    await api.waitFor('whole');
    server.child.kill('SIGUSR2');
    await until(
      'the log',
      () => server.output().includes('thrown by a timer') && server.output().includes('rejected for nobody'),
    );
    expect(await server.end(running.turn_id)).toMatchObject({ state: 'completed', text: 'whole' });
  },
);

verifies(
  'machine.asleep',
  'an answer that came while the machine slept is read, and does not count as silence',
  async () => {
    const workspace = await createWorkspace();
    const [begun, go, said] = ['begun', 'go', 'said'].map((name) => join(workspace.root, name)) as [
      string,
      string,
      string,
    ];
    const bin = await writeFakeClaude(
      workspace,
      `cat >/dev/null; touch ${begun}; while [ ! -e ${go} ]; do sleep 0.05; done
     echo '{"type":"result","session_id":"11111111-1111-4111-8111-111111111111","result":"in the pipe"}'; touch ${said}`,
    );
    const env = serverEnv(workspace, null, { CLAUDE_BIN: bin, STALL_S: '2', LIVE_PROCESSES: '0' });
    const server = await startServerProcess(workspace, env);
    const { turn_id } = await server.accept('a', { message: 'hello', follow: true });
    await until('the agent', () => existsSync(begun));
    server.child.kill('SIGSTOP');
    const stoppedAt = performance.now();
    await writeFile(go, '');
    await until('its answer', () => existsSync(said));
    await until('a sleep that is longer than STALL_S', () => performance.now() - stoppedAt > 3000);
    server.child.kill('SIGCONT');
    expect(await server.end(turn_id)).toMatchObject({ state: 'completed', text: 'in the pipe' });
  },
);
