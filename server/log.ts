import { pino } from 'pino';

export type Log = pino.Logger;

/** While standard error cannot be written, up to this many characters of the log are kept for later. */
const maxWaiting = 1_000_000;

/**
 * The log, as JSON lines on standard error; standard output is for what a person reads at the start. A log
 * that cannot be written (a full disk, a reader that is gone) must not end the server.
 */
export function createLog(level: string): Log {
  const redact = { paths: ['*.password', '*.authorization', '*.cookie', 'err.config'], censor: '[secret]' };
  const destination = pino.destination({ dest: 2, sync: true, maxLength: maxWaiting });
  destination.on('error', () => {}); // There is nowhere left to report it.
  return pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
