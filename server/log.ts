import { pino } from 'pino';

export type Log = pino.Logger;

/** The log, as JSON lines on standard error; standard output is for what a person is told at the start. */
export function createLog(level: string): Log {
  const redact = { paths: ['*.password', '*.authorization', '*.cookie', 'err.config'], censor: '[secret]' };
  return pino({ level, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));
}
