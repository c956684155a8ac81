import type { LiveListener } from '../../port.ts';

/** Passes the events of live processes on to any number of listeners. */
export class LiveListeners implements LiveListener {
  readonly #listeners: Partial<LiveListener>[] = [];

  add(listener: Partial<LiveListener>): void {
    this.#listeners.push(listener);
  }

  changed(...event: Parameters<LiveListener['changed']>): void {
    for (const listener of this.#listeners) listener.changed?.(...event);
  }

  background(...event: Parameters<LiveListener['background']>): void {
    for (const listener of this.#listeners) listener.background?.(...event);
  }

  backgroundEnded(...event: Parameters<LiveListener['backgroundEnded']>): void {
    for (const listener of this.#listeners) listener.backgroundEnded?.(...event);
  }

  /** The first listener that takes the turn handles its output. */
  onAgentTurn(...event: Parameters<LiveListener['onAgentTurn']>): ReturnType<LiveListener['onAgentTurn']> {
    for (const listener of this.#listeners) {
      const handleOutput = listener.onAgentTurn?.(...event);
      if (handleOutput) return handleOutput;
    }
    return null;
  }
}
