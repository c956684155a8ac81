/**
 * What the system says when it has no more descriptors, processes or memory: the same can work in a moment.
 */
const codes = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EAGAIN',
  'ENOBUFS',
  'ERR_WORKER_INIT_FAILED',
  'ERR_WORKER_OUT_OF_MEMORY',
]);

/** Whether an error, or what caused it, is of that kind. */
export function isExhaustion(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (codes.has((at as NodeJS.ErrnoException).code ?? '')) return true;
  }
  return false;
}
