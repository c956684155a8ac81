import type { ConversationSummary } from '../../contract/conversation.ts';
import type { Journal } from '../store/port.ts';
import { contain } from '../util/contain.ts';

type ChangeAnnouncerDeps = {
  journal: Journal;
  /** A conversation as it is now; null if it was removed. */
  summarize(id: string): ConversationSummary | null;
  warn(error: unknown, text: string): void;
  now(): Date;
};

/** Tells the readers of events how a conversation is now: once for all changes that are made together. */
export class ChangeAnnouncer {
  readonly #deps: ChangeAnnouncerDeps;
  readonly #changed = new Set<string>();

  constructor(deps: ChangeAnnouncerDeps) {
    this.#deps = deps;
  }

  announce(id: string): void {
    if (!this.#changed.size) setImmediate(() => this.publishPending());
    this.#changed.add(id);
  }

  /** Publishes what was announced and not published yet. */
  publishPending(): void {
    const ids = [...this.#changed];
    // First: a fault with one must not keep the others from being published, now or later.
    this.#changed.clear();
    for (const id of ids) {
      contain(
        () => this.#publish(id),
        (error) => this.#deps.warn(error, `failed to publish the change of conversation ${id}`),
      )();
    }
  }

  #publish(id: string): void {
    const { journal, now, summarize } = this.#deps;
    journal.append([
      { type: 'conversation.changed', conv_id: id, at: now().toISOString(), conversation: summarize(id) },
    ]);
  }
}
