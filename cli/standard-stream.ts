import type { Writable } from 'node:stream';
import { TerminalText } from './terminal-text.ts';

/**
 * Standard output or standard error. A pipe takes text more slowly than a command writes it, so the
 * command has to `finish` a stream before the process exits, or the rest is lost.
 */
export class StandardStream {
  private readonly stream: Writable;
  private readonly terminalText: TerminalText | null;
  private error: NodeJS.ErrnoException | null = null;

  private readonly isClosed: boolean;

  constructor(
    stream: Writable & { isTTY?: boolean },
    {
      onError = () => {},
      isClosed = false,
    }: { onError?(error: NodeJS.ErrnoException): void; isClosed?: boolean },
  ) {
    this.stream = stream;
    this.isClosed = isClosed;
    this.terminalText = stream.isTTY ? new TerminalText() : null;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.error ??= error;
      onError(error);
    });
  }

  write(text: string): void {
    if (this.isClosed) this.error ??= Object.assign(new Error('it is closed'), { code: 'EBADF' });
    if (!this.error) this.stream.write(this.terminalText?.filter(text) ?? text);
  }

  /** Resolves when everything is written: with null, or with the error that prevented it. */
  async finish(): Promise<NodeJS.ErrnoException | null> {
    await new Promise<void>((resolve) => this.stream.write('', () => resolve()));
    return this.error;
  }
}
