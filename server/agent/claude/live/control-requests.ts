import { type AwakeTimer, startAwakeTimer } from '../../../util/awake-timer.ts';
import { createDeferred, type Deferred } from '../../../util/deferred.ts';
import type { CliInput, ControlResponseLine } from '../protocol.ts';

/** How long a control request may take: some versions never answer a malformed one. */
const requestMs = 10_000;

export type ControlAnswer = Record<string, unknown>;

/** Our control requests to the CLI that have no answer yet. */
export class ControlRequests {
  readonly #send: (line: CliInput) => void;
  readonly #pending = new Map<string, { answer: Deferred<ControlAnswer>; timer: AwakeTimer }>();
  #count = 0;

  constructor(send: (line: CliInput) => void) {
    this.#send = send;
  }

  /** Rejects if the CLI refuses, takes too long, or ends. */
  request(subtype: string, fields: object = {}, ms = requestMs): Promise<ControlAnswer> {
    this.#count += 1;
    const id = `switchboard-${this.#count}`;
    const answer = createDeferred<ControlAnswer>();
    const timer = startAwakeTimer(ms, () => {
      this.#pending.delete(id);
      answer.reject(new Error(`no answer to ${subtype} within ${ms / 1000} s`));
    });
    this.#pending.set(id, { answer, timer });
    this.#send({ type: 'control_request', request_id: id, request: { subtype, ...fields } });
    return answer.promise;
  }

  settle({ requestId, error, response }: ControlResponseLine): void {
    const pending = this.#pending.get(requestId);
    if (!pending) return;
    this.#pending.delete(requestId);
    pending.timer.stop();
    if (error === null) pending.answer.resolve(response);
    else pending.answer.reject(new Error(error));
  }

  rejectAll(reason: string): void {
    for (const { answer, timer } of this.#pending.values()) {
      timer.stop();
      answer.reject(new Error(reason));
    }
    this.#pending.clear();
  }
}
