import { computed, signal } from '@preact/signals';
import type { OutboxItem } from '../store/database.ts';
import { readOutbox } from '../store/outbox-store.ts';

/**
 * Where a message is: its files are being read (or could not be), it is not on the browser's disk (not yet, or there is
 * no room), it is there, the server has it, or a person withdrew it while it was on its way.
 */
export type Phase = 'reading' | 'unsaved' | 'saved' | 'accepted' | 'withdrawn';

/** A message as the page shows it until the events of the server do. */
export type Outgoing = OutboxItem & {
  phase: Phase;
  /** Set once the server has it. */
  turnId: string | null;
  /** How much of it has gone out, from 0 to 1. */
  progress: number | null;
  /** When the server accepted it, by the clock of this page. */
  acceptedAt?: number;
};

const items = signal<Outgoing[]>([]);

export const outgoing = computed(() => items.value.filter(({ phase }) => phase !== 'withdrawn'));

export const unsent = (): Outgoing[] => outgoing.value.filter(({ turnId }) => turnId === null);

export const findItem = (id: string): Outgoing | undefined => items.value.find((item) => item.id === id);

export function addItem(item: OutboxItem, phase: Phase): void {
  items.value = [...items.value, { ...item, phase, turnId: null, progress: null }];
}

export function patchItem(id: string, changes: Partial<Outgoing>): void {
  items.value = items.value.map((item) => (item.id === id ? { ...item, ...changes } : item));
}

export function dropItems(isDone: (item: Outgoing) => boolean): void {
  const rest = items.value.filter((item) => !isDone(item));
  if (rest.length !== items.value.length) items.value = rest;
}

const byTime = (a: OutboxItem, b: OutboxItem) =>
  a.created_at.localeCompare(b.created_at) || (a.seq ?? 0) - (b.seq ?? 0);

/**
 * Takes over what the browser's store has: another tab or the worker may have sent some. Returns everything that is
 * still to be sent, in order; a message whose files are not read yet holds back those behind it.
 */
export async function syncWithStore(): Promise<OutboxItem[]> {
  const stored = await readOutbox().catch(() => null);
  if (!stored) return unsent();
  const known = new Map(items.value.map((item) => [item.id, item]));
  const settled = items.value.filter(({ phase }) => phase === 'accepted' || phase === 'withdrawn');
  const onlyHere = items.value.filter(
    ({ id, phase }) => (phase === 'reading' || phase === 'unsaved') && !stored.some((item) => item.id === id),
  );
  const saved = stored
    .filter(({ id }) => !settled.some((item) => item.id === id))
    .map((item): Outgoing => {
      const progress = known.get(item.id)?.progress ?? null;
      return { ...item, phase: 'saved', turnId: null, progress };
    });
  const waiting = [...saved, ...onlyHere].sort(byTime);
  items.value = [...settled, ...waiting];
  return waiting.map((item) => (item.phase === 'reading' ? { ...item, problem: item.problem ?? '' } : item));
}
