import { isEnd } from '../../contract/reducer.ts';
import { turnStates } from '../../contract/turn-state.ts';
import type { LiveProcessPool } from '../agent/port.ts';
import type { Conversations } from '../conversation/conversations.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { Journal, TurnStore } from '../store/port.ts';
import { ifStored } from '../util/if-stored.ts';

/** Figures in the text format of Prometheus. */
export type Metrics = {
  read(): Promise<{ type: string; text: string }>;
  /** So many events went to a reader. */
  eventsSent(count: number): void;
};

type Deps = {
  conversations: Pick<Conversations, 'getStats'>;
  live: LiveProcessPool;
  prompts: Prompts;
  turns: TurnStore;
  journal: Journal;
};

/** What happened since it was last looked at. */
type News = { firstTokens: number[]; sent: number };

/** So many times are kept for a reader that never comes. */
const maxTimes = 10_000;

/** Gathers what /metrics tells. States are counted when they are asked for; only times are kept. */
export function createMetrics(deps: Deps): Metrics {
  const news: News = { firstTokens: [], sent: 0 };
  let registry: ReturnType<typeof createRegistry> | null = null;

  const startedAt = new Map<string, number>();
  deps.journal.onEvent((event) => {
    if (event.type === 'turn.started') startedAt.set(event.turn_id, Date.parse(event.at));
    else if (event.type === 'text.delta' || isEnd(event)) {
      const { turn_id = '' } = event as { turn_id?: string };
      const start = startedAt.get(turn_id);
      const isTime = start !== undefined && event.type === 'text.delta' && news.firstTokens.length < maxTimes;
      if (isTime) news.firstTokens.push((Date.parse(event.at) - start) / 1000);
      startedAt.delete(turn_id);
    }
  });

  return {
    async read() {
      registry ??= createRegistry(deps, news);
      const { contentType, metrics } = await registry;
      return { type: contentType, text: await metrics() };
    },
    eventsSent(count) {
      news.sent += count;
    },
  };
}

/** The number of turns in each state. A waiting turn is stored as running: only its open prompts make it wait. */
function countTurns({ conversations, turns }: Deps): Record<string, number> {
  const stored = ifStored(() => turns.countByState(), {} as Record<string, number>);
  const running = stored['running'] ?? 0;
  const waiting = Math.min(conversations.getStats().waiting, running);
  const none = Object.fromEntries(turnStates.map((state) => [state, 0]));
  return { ...none, ...stored, waiting, running: running - waiting };
}

/** Loaded at the first request: it takes 13 MB of memory. */
async function createRegistry(
  deps: Deps,
  news: News,
): Promise<{ contentType: string; metrics(): Promise<string> }> {
  const { Counter, Gauge, Histogram, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });

  new Gauge({
    name: 'switchboard_turns',
    help: 'Turns by state, since the data folder was made',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of Object.entries(countTurns(deps))) this.set({ state }, count);
    },
  });
  gauge(
    'switchboard_queue_length',
    'Turns that wait to be started',
    () => deps.conversations.getStats().queued,
  );
  gauge('switchboard_prompts_waiting', 'Prompts that wait for a person', () => deps.prompts.list().length);
  gauge('switchboard_live_processes', 'Agent processes that are kept open', () => deps.live.counts().open);
  gauge('switchboard_live_processes_busy', 'Live processes in mid turn', () => deps.live.counts().busy);
  new Histogram({
    name: 'switchboard_first_token_seconds',
    help: 'From the start of a turn to its first word',
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32],
    registers,
    collect() {
      for (const seconds of news.firstTokens.splice(0)) this.observe(seconds);
    },
  });
  new Counter({
    name: 'switchboard_events_sent_total',
    help: 'Events sent to readers',
    registers,
    collect() {
      this.inc(news.sent);
      news.sent = 0;
    },
  });
  return { contentType: registry.contentType, metrics: () => registry.metrics() };
}
