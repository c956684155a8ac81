import type { EventEmitter } from 'node:events';
import type { Response } from 'express';

/** What is cut off: a response is destroyed, a socket ended at once. */
type Open = { cut(): void; of: unknown };

/** The answers that are still being written, and the sockets, by the credential that asked: what is revoked is cut off at once. */
export function createOpenResponses() {
  const open = new Map<string, Set<Open>>();

  function add(credentialId: string, one: Open, ends: Pick<EventEmitter, 'once'>): void {
    const own = open.get(credentialId) ?? new Set();
    open.set(credentialId, own.add(one));
    ends.once('close', () => {
      own.delete(one);
      if (!own.size) open.delete(credentialId);
    });
  }

  return {
    add: (credentialId: string, response: Response): void => add(credentialId, { of: response, cut: () => response.destroy() }, response),
    addSocket: (credentialId: string, socket: Pick<EventEmitter, 'once'> & { terminate(): void }): void =>
      add(credentialId, { of: socket, cut: () => socket.terminate() }, socket),
    /** Ends all answers of a credential but the one that says so. */
    close(credentialId: string, except: Response): void {
      for (const { of, cut } of open.get(credentialId) ?? []) if (of !== except) cut();
    },
  };
}

export type OpenResponses = ReturnType<typeof createOpenResponses>;
