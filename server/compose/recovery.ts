import { openWhenDiskAllows } from '../open-when-disk-allows.ts';
import type { Agents } from './agents.ts';
import type { Context } from './context.ts';
import type { Services } from './services.ts';
import type { Stores } from './stores.ts';

/** How often old events are deleted. */
const pruneIntervalMs = 60_000;

/** The background work after the start: settling what an earlier server left, and deleting what is old. */
export class Recovery {
  readonly #context: Context;
  readonly #stores: Stores;
  #pruneTimer: NodeJS.Timeout | null = null;
  #opened: Promise<void> = Promise.resolve();
  #isClosing = false;

  constructor(context: Context, stores: Stores) {
    this.#context = context;
    this.#stores = stores;
  }

  start({ terminals, headlessRecorder }: Agents, { conversations, files, undo }: Services): void {
    const { warn } = this.#context;
    // Without its journal a server knows no turns: it leaves what it finds of them alone.
    if (this.#stores.database.standIn) return;
    this.#pruneTimer = setInterval(() => this.#prune(), pruneIntervalMs);
    setImmediate(() => this.#prune());
    files.sweepFiles();
    undo.sweep().catch((error) => warn(error, 'failed to delete the undo data of removed projects'));
    const open = () => conversations.open();
    this.#opened = openWhenDiskAllows(open, () => this.#isClosing, warn);
    terminals.archive.start();
    headlessRecorder.start().catch((error) => warn(error, 'failed to determine how earlier sessions ended'));
  }

  /** Starts nothing more, and resolves when what was begun is done. */
  async dispose(): Promise<void> {
    this.#isClosing = true;
    if (this.#pruneTimer) clearInterval(this.#pruneTimer);
    await this.#opened;
  }

  #prune(): void {
    // A disk fault can put a stand-in in the place of the journal while the server runs.
    if (this.#stores.database.standIn) return;
    try {
      this.#stores.journal.prune();
    } catch (error) {
      this.#context.warn(error, 'failed to delete old events');
    }
  }
}
