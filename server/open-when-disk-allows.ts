import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from './app-error.ts';

/**
 * Settles what is left from before; on a full disk it tries until there is room, and serves reads meanwhile.
 */
export async function openWhenDiskAllows(
  open: () => Promise<void>,
  isClosing: () => boolean,
  warn: (error: unknown, text: string) => void,
): Promise<void> {
  while (!isClosing()) {
    try {
      return await open();
    } catch (error) {
      warn(error, 'startup recovery failed, retrying');
      if (!(error instanceof AppError && error.code === 'storage_unavailable')) return;
      await delay(1000);
    }
  }
}
