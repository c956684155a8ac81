/**
 * Calls `listener` when `signal` is aborted, or now if it is. What the listener throws would end the server.
 */
export function onAbort(signal: AbortSignal, listener: () => void): void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
}
