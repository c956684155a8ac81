import { expect } from 'vitest';
import { readEventStream } from '../helper/event-reader.ts';
import { startClaudeServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { processesOf } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const shell = (seconds: number) =>
  `[[tool:Bash {"command":"node -e 'setTimeout(Number, ${seconds}000)'; echo ended","run_in_background":true,"description":"wait"}]]`;
const agent = '[[agent general-purpose {{text the report}}]]';
const env = { ALLOWED_TOOLS: 'Bash,Agent,Task', PERMISSION_MODE: 'dontAsk' };

for (const stream of [false, true]) {
  const format = stream ? 'stream-json' : 'json';

  verifies(
    'agent.subagents',
    `answers with the result that uses the work of a sub-agent (${format})`,
    async () => {
      const server = await startClaudeServer({ env });
      const { turn_id } = stream
        ? await streamed(server, `${agent}[[text launched]]`)
        : await server.accept('a', { message: `${agent}[[text launched]]` });
      const turn = await server.turn(turn_id);
      // What the scripted model says to the notice by which the sub-agent's report comes in.
      expect(turn.result?.response).toBe('Noticed: Agent "a sub-agent" finished');
      const { messages } = await server.messages('a');
      const texts = messages.map((message: { text: string }) => message.text);
      expect(texts).toContain('launched');
      expect(texts.at(-1)).toBe(turn.result?.response);
      expect(messages.some((message: { kind?: string }) => message.kind === 'background')).toBe(true);
    },
  );

  verifies('agent.shells', `answers the message, not the end of a background shell (${format})`, async () => {
    const server = await startClaudeServer({ env });
    const message = `${shell(2)}[[text Started it]]`;
    const { turn_id } = stream ? await streamed(server, message) : await server.accept('a', { message });
    const turn = await server.turn(turn_id);
    expect(turn.result?.response).toBe('Started it');
  });

  verifies(
    ['agent.shells', 'agent.subagents'],
    `tells a shell and a sub-agent apart (${format})`,
    async () => {
      const server = await startClaudeServer({ env });
      const message = `${shell(2)}${agent}[[text launched]]`;
      const { turn_id } = stream ? await streamed(server, message) : await server.accept('a', { message });
      const turn = await server.turn(turn_id);
      expect(turn.result?.response).toBe('Noticed: Agent "a sub-agent" finished');
    },
  );
}

verifies(
  'agent.shells',
  'answers before a background shell ends, and the next message does not wait for it',
  async () => {
    const server = await startClaudeServer({ env });
    const { turn_id } = await streamed(server, `${shell(300)}[[text Started it]]`);
    expect((await server.turn(turn_id)).result?.response).toBe('Started it');
    expect((await processesOf(server.workspace)).length).toBeGreaterThan(0);
    const next = await server.chat({ message: 'next', conv_id: 'a' });
    expect(next.response).toBe('Echo: next');
    await until('no process', async () => (await processesOf(server.workspace)).length === 0);
  },
);

/** Sends a message whose events somebody reads, so that the run is in the stream-json format. */
async function streamed(
  server: Awaited<ReturnType<typeof startClaudeServer>>,
  message: string,
): Promise<{ turn_id: string }> {
  const response = await server.post('/api/chat', { message, conv_id: 'a', stream: true });
  for await (const { turn_id } of readEventStream(response) as AsyncGenerator<{ turn_id: string }>)
    return { turn_id };
  throw new Error('the stream had no event');
}

verifies(
  'live.background',
  'shows the background work of a one-shot run, and reports that the next message ended it',
  async () => {
    const server = await startClaudeServer({ env });
    const { turn_id } = await streamed(server, `${shell(300)}[[text Started it]]`);
    await server.turn(turn_id);
    expect((await server.get('/api/conversations/a')).background).toMatchObject([
      { kind: 'shell', description: 'wait' },
    ]);
    await server.chat({ message: 'next', conv_id: 'a' });
    await until('none', async () => (await server.get('/api/conversations/a')).background.length === 0);
    const { events } = await server.get('/api/conversations/a/events?after=0&wait_s=0');
    expect(events.find(({ type }: { type: string }) => type === 'background.ended')).toMatchObject({
      status: 'killed',
    });
  },
);
