import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LiveProcesses } from '../agent/port.ts';
import type { Conversations } from '../conversation/conversations.ts';
import type { Prompts } from '../prompt/prompts.ts';
import type { Journal, TurnStore } from '../store/port.ts';

/** Figures in the text format of Prometheus. */
export type Metrics = {
  read(): Promise<{ type: string; text: string }>;
  /** So many events went to a reader. */
  eventsSent(count: number): void;
};

/** Gathers what /metrics tells. States are counted when they are asked for; only times are kept. */
export function createMetrics(deps: {
  conversations: Pick<Conversations, 'counts'>;
  live: LiveProcesses;
  prompts: Prompts;
  turns: TurnStore;
  journal: Journal;
}): Metrics {
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
      for (const state of ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'interrupted']) this.set({ state }, 0);
      for (const [state, count] of Object.entries(deps.turns.countByState())) this.set({ state }, count);
    },
  });
  gauge('switchboard_queue_length', 'Turns that wait to be started', () => deps.conversations.counts().queued);
  gauge('switchboard_prompts_waiting', 'Prompts that wait for a person', () => deps.prompts.list().length);
  gauge('switchboard_live_processes', 'Agent processes that are kept open', () => deps.live.counts().open);
  gauge('switchboard_live_processes_busy', 'Live processes in mid turn', () => deps.live.counts().busy);
  const firstToken = new Histogram({
    name: 'switchboard_first_token_seconds',
    help: 'From the start of a turn to its first word',
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32],
    registers,
  });
  const sent = new Counter({ name: 'switchboard_events_sent_total', help: 'Events sent to readers', registers });

  const startedAt = new Map<string, number>();
  deps.journal.onEvent((event) => {
    if (event.type === 'turn.started') startedAt.set(event.turn_id, Date.parse(event.at));
    else if (event.type === 'text.delta' || event.type.startsWith('turn.')) {
      const { turn_id = '' } = event as { turn_id?: string };
      const start = startedAt.get(turn_id);
      if (start !== undefined && event.type === 'text.delta') firstToken.observe((Date.parse(event.at) - start) / 1000);
      startedAt.delete(turn_id);
    }
  });

  return {
    async read() {
      return { type: registry.contentType, text: await registry.metrics() };
    },
    eventsSent: (count) => sent.inc(count),
  };
}
