import { once } from 'node:events';
import { type IncomingMessage, request, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import pino from 'pino';
import { expect, onTestFinished, vi } from 'vitest';
import { toConfig } from '../../server/config.ts';
import { startTestApi, startTestServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace, serverEnv } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const injected = () => {
  throw new Error('injected');
};

/** Only a name that is not of this machine is looked for in the settings; `fetch` would not send it. */
async function askAs(host: string, url: string): Promise<Response> {
  const [answer] = (await once(request(url, { headers: { host } }).end(), 'response')) as [IncomingMessage];
  return new Response(await text(answer), {
    headers: { 'x-request-id': String(answer.headers['x-request-id']) },
  });
}

/** A server whose log is read along, and whose middleware fails while `faults.middleware` is set. */
async function startFaulty() {
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const faults = { middleware: false };
  const config = toConfig(workspace.root, serverEnv(workspace, api), {});
  const { ALLOWED_HOSTS } = config;
  Object.defineProperty(config, 'ALLOWED_HOSTS', {
    get: () => (faults.middleware ? injected() : ALLOWED_HOSTS),
  });
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void lines.push(line) });
  onTestFinished(() => void vi.restoreAllMocks());
  return { server: await startTestServer({ workspace, api, deps: { config, log } }), faults, lines };
}

verifies(
  'machine.contained',
  'a fault in middleware, a route, a stream or a long poll fails that request, which is logged with its id',
  async () => {
    const { server, faults, lines } = await startFaulty();
    const isLogged = (id: string | null) =>
      lines.some((line) => line.includes(`"request_id":"${id}"`) && line.includes('injected'));
    const onceForStreams = () => {
      const write = ServerResponse.prototype.write;
      vi.spyOn(ServerResponse.prototype, 'write').mockImplementation(function (
        this: ServerResponse,
        ...given
      ) {
        const isStream = String(this.getHeader('content-type')).startsWith('text/event-stream');
        return isStream ? injected() : Reflect.apply(write, this, given);
      });
    };
    const rows: Record<string, { arm(): void; ask(): Promise<Response>; isStream?: boolean }> = {
      'middleware (sync)': {
        arm: () => {
          faults.middleware = true;
        },
        ask: () => askAs('another.host', `${server.url}/api/status`),
      },
      'route (async) and long poll': {
        arm: () => void vi.spyOn(AbortSignal, 'any').mockImplementation(injected),
        ask: () => server.send('/api/events?wait_s=1&after=0', { headers: { accept: 'application/json' } }),
      },
      'event stream': { arm: onceForStreams, ask: () => server.send('/api/events', {}), isStream: true },
      'chat stream': {
        arm: onceForStreams,
        ask: () => server.post('/api/chat', { message: 'hello', conv_id: 'a', stream: true }),
        isStream: true,
      },
    };
    for (const [name, { arm, ask, isStream }] of Object.entries(rows)) {
      arm();
      const response = await ask();
      const id = response.headers.get('x-request-id');
      if (isStream) await expect(response.text(), name).rejects.toThrow();
      else
        expect(await response.json(), name).toMatchObject({ status: 500, code: 'internal', request_id: id });
      await until(`the log of ${name}`, () => isLogged(id));
      faults.middleware = false;
      vi.restoreAllMocks();
      expect(await server.get('/api/status'), name).toMatchObject({ version: '0.0.0-test' });
    }
    // The turn whose reader was lost has run anyway, and so does the next one.
    expect(await server.chat({ message: 'next', conv_id: 'a' })).toMatchObject({ response: 'Echo: next' });
  },
);
