import { type AwakeTimer, startAwakeTimer } from '../../util/awake-timer.ts';

/** Reports a process that is silent for too long although it should speak. */
export class StallWatch {
  readonly #stallMs: number;
  readonly #mustSpeak: () => boolean;
  readonly #onStall: (detail: string) => void;
  #timer: AwakeTimer | null = null;

  /** `mustSpeak`: the model is to speak now, neither a tool nor a person. */
  constructor(stallMs: number, mustSpeak: () => boolean, onStall: (detail: string) => void) {
    this.#stallMs = stallMs;
    this.#mustSpeak = mustSpeak;
    this.#onStall = onStall;
  }

  /** Call it after each line, and whenever `mustSpeak` may have changed. */
  restart(): void {
    this.stop();
    if (!this.#mustSpeak()) return;
    const detail = `claude said nothing for ${this.#stallMs / 1000} s.`;
    this.#timer = startAwakeTimer(this.#stallMs, () => this.#onStall(detail));
  }

  stop(): void {
    this.#timer?.stop();
    this.#timer = null;
  }
}
