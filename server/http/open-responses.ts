import type { Response } from 'express';

/** The answers that are still being written, by the credential that asked: what is revoked is cut off at once. */
export function createOpenResponses() {
  const open = new Map<string, Set<Response>>();
  return {
    add(credentialId: string, response: Response): void {
      const own = open.get(credentialId) ?? new Set();
      open.set(credentialId, own.add(response));
      response.once('close', () => {
        own.delete(response);
        if (!own.size) open.delete(credentialId);
      });
    },
    /** Ends all answers of a credential but the one that says so. */
    close(credentialId: string, except: Response): void {
      for (const response of open.get(credentialId) ?? []) if (response !== except) response.destroy();
    },
  };
}

export type OpenResponses = ReturnType<typeof createOpenResponses>;
