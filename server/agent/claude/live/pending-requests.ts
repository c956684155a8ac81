/** Requests of the CLI that wait for a reply, by their id: the CLI names it when it no longer waits. */
export class PendingRequests {
  readonly #requests = new Map<string, { messageId: string | null; closing: AbortController }>();

  get size(): number {
    return this.#requests.size;
  }

  /** Registers a request of the turn of a message (null: the process's own). The signal is aborted when it is closed. */
  open(requestId: string, messageId: string | null): AbortSignal {
    const closing = new AbortController();
    this.#requests.set(requestId, { messageId, closing });
    return closing.signal;
  }

  /** The CLI does not wait for a reply any more. */
  close(requestId: string): void {
    const request = this.#requests.get(requestId);
    this.#requests.delete(requestId);
    request?.closing.abort();
  }

  /** The turn of a message has ended. */
  closeTurn(messageId: string | null): void {
    for (const [id, request] of [...this.#requests]) if (request.messageId === messageId) this.close(id);
  }

  closeAll(): void {
    for (const id of [...this.#requests.keys()]) this.close(id);
  }
}
