import type { RunSpec } from '../../port.ts';
import { toMessageContent } from './content.ts';

export type MessageContent = string | object[];

/** A message on its way to the process. */
type OutgoingMessage = {
  write(content: MessageContent): void;
  /** It was removed before it was written. */
  onDrop(): void;
  onUnreadable(detail: string): void;
};

/** `content` is null while its files are read. */
type Entry = OutgoingMessage & { messageId: string; content: MessageContent | null };

/** The messages that were not written to a process yet, in order. */
export class MessageOutbox {
  readonly #canWrite: () => boolean;
  readonly #entries: Entry[] = [];

  /** `canWrite`: the process has begun every message that was written. Two that wait would be merged into one turn. */
  constructor(canWrite: () => boolean) {
    this.#canWrite = canWrite;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  add(spec: RunSpec, message: OutgoingMessage): void {
    const entry: Entry = { ...message, messageId: spec.messageId, content: null };
    // Before its files are read: from now on it can be stopped, and keeps its place and the process.
    this.#entries.push(entry);
    toMessageContent(spec).then(
      (content) => {
        entry.content = content;
        this.writeNext();
      },
      (error) => {
        if (this.#remove(spec.messageId))
          entry.onUnreadable(`An attachment cannot be read: ${(error as Error).message}`);
      },
    );
  }

  /** Writes the next message if the process has begun the one before. */
  writeNext(): void {
    const [next] = this.#entries;
    if (!next || next.content === null || !this.#canWrite()) return;
    this.#entries.shift();
    next.write(next.content);
  }

  drop(messageId: string | null): void {
    this.#remove(messageId)?.onDrop();
  }

  dropAll(): void {
    for (const entry of this.#entries.splice(0)) entry.onDrop();
  }

  #remove(messageId: string | null): Entry | undefined {
    const index = this.#entries.findIndex((entry) => entry.messageId === messageId);
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0];
  }
}
