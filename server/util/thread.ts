import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a thread. A start that fails, an error in it and an end with another code than 0 all come to
 * `failed`, once; nothing is thrown. Null if it was not started.
 */
export function startThread(
  file: string,
  options: WorkerOptions,
  on: { message(message: unknown, from: Worker): void; failed(error: Error, from: Worker | null): void },
): Worker | null {
  let worker: Worker;
  try {
    worker = new Worker(file, options);
  } catch (error) {
    on.failed(error as Error, null);
    return null;
  }
  let hasFailed = false;
  const fail = (error: Error) => {
    if (hasFailed) return;
    hasFailed = true;
    on.failed(error, worker);
  };
  worker.on('message', (message) => {
    try {
      on.message(message, worker);
    } catch (error) {
      fail(error as Error);
    }
  });
  worker.on('messageerror', fail);
  worker.on('error', fail);
  worker.on('exit', (code) => {
    if (code !== 0) fail(new Error(`The thread ended with ${code}.`));
  });
  return worker;
}
