import { type EventEmitter, setMaxListeners } from 'node:events';
import type { Response } from 'express';

/** What is cut off: a response is destroyed, a socket ended at once. */
type Open = { cut(): void; of: unknown };

/** Null is the password, or the token of this machine: they have no id and are not revoked separately. */
type CredentialId = string | null;

/**
 * The answers that are still being written, and the sockets, by the credential that asked: what is revoked is
 * cut off at once.
 */
export function createOpenResponses() {
  const open = new Map<CredentialId, Set<Open>>();
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);

  function add(credentialId: CredentialId, one: Open, ends: Pick<EventEmitter, 'once'>): void {
    const own = open.get(credentialId) ?? new Set();
    open.set(credentialId, own.add(one));
    ends.once('close', () => {
      own.delete(one);
      if (!own.size) open.delete(credentialId);
    });
  }

  function close(credentialId: CredentialId, except: Response): void {
    for (const { of, cut } of open.get(credentialId) ?? []) if (of !== except) cut();
  }

  return {
    /** Aborted when nothing more will happen: streams end with a last word. */
    closing: closing.signal,
    end: (): void => closing.abort(),
    add: (id: CredentialId, response: Response): void =>
      add(id, { of: response, cut: () => response.destroy() }, response),
    addSocket: (id: CredentialId, socket: Pick<EventEmitter, 'once'> & { terminate(): void }): void =>
      add(id, { of: socket, cut: () => socket.terminate() }, socket),
    /** Ends all answers and sockets of a credential but the one that says so. */
    close,
    /** Ends them all, whatever opened them. */
    closeAll(except: Response): void {
      for (const id of [...open.keys()]) close(id, except);
    },
  };
}

export type OpenResponses = ReturnType<typeof createOpenResponses>;
