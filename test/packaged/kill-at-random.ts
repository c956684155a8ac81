import { setTimeout as delay } from 'node:timers/promises';
import type { TurnSummary } from '../../contract/turn.ts';
import { startTestApi } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { createWorkspace, serverEnv } from '../helper/workspace.ts';

/** Starting `claude` takes most of the time: more of them would show no more. */
const perKill = 1.5;

export type KillReport = {
  accepted: number;
  completed: number;
  interrupted: number;
  lost: string[];
  twice: string[];
  wrong: string[];
};

/** Numbers that look random and come again with the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Kills the built server at random moments while it takes messages, starts it again, and holds what it
 * says of each accepted message against what the scripted API received.
 */
export async function killAtRandom({ kills, seed }: { kills: number; seed: number }): Promise<KillReport> {
  const random = createRandom(seed);
  const workspace = await createWorkspace();
  const api = await startTestApi();
  const env = serverEnv(workspace, api);
  const accepted: { id: string; message: string }[] = [];
  let number = 0;

  for (let kill = 0; kill < kills; kill += 1) {
    const server = await startServerProcess(workspace, env);
    // On a busy machine no turn ends within a second: some get the time.
    const end = delay(random() * (kill % 5 ? 1500 : 5000)).then(() => server.kill());
    // Some turns run in a live process, some in their own.
    void server.post(`/api/conversations/c${kill % 4}/warm`, {}).catch(() => {});
    let isAlive = true;
    void end.then(() => {
      isAlive = false;
    });
    while (isAlive && number < (kill + 1) * perKill) {
      number += 1;
      const message = `message ${number} of ${kills}.`;
      const answer = await server
        .accept(`c${number % 4}`, { message }, { 'idempotency-key': `k${number}` })
        .catch(() => null);
      if (answer?.turn_id) accepted.push({ id: answer.turn_id, message });
    }
    await end;
  }

  const server = await startServerProcess(workspace, env);
  const report: KillReport = {
    accepted: accepted.length,
    completed: 0,
    interrupted: 0,
    lost: [],
    twice: [],
    wrong: [],
  };
  for (const { id, message } of accepted) {
    const turn: TurnSummary = await server.turn(id, 120);
    if (turn.state === 'completed' && turn.text !== `Echo: ${message}`)
      report.wrong.push(`${message} was answered with ${turn.text}`);
    if (turn.state === 'completed') report.completed += 1;
    else if (turn.state === 'interrupted') report.interrupted += 1;
    else report.lost.push(`${message} is ${JSON.stringify(turn)}`);
    const requests = api.received.filter(({ texts }) => texts.includes(message)).length;
    if (requests > 1) report.twice.push(`${message} was sent ${requests} times`);
    if (turn.state === 'completed' && requests === 0)
      report.lost.push(`${message} is completed but was never sent`);
  }
  await server.stop();
  return report;
}
