import { fstatSync } from 'node:fs';
import { text } from 'node:stream/consumers';

/** How long a socket on standard input may stay silent, and after which time a message says that a pipe is being read. */
const silenceMs = 3000;

/**
 * What is piped into the command. A shell gives it a pipe or a file, which end. A socket comes from
 * programs that start us and from ssh, and often no one ever writes to it or closes it.
 */
export class StandardInput {
  private readonly notify: (text: string) => void;
  private content: Promise<string> | null = null;

  constructor(notify: (text: string) => void) {
    this.notify = notify;
  }

  /** Everything up to its end, whatever it is. */
  read(): Promise<string> {
    this.content ??= text(process.stdin);
    return this.content;
  }

  /** What was piped in beside a message; empty if standard input is a terminal, a device or closed. */
  async readPiped(): Promise<string> {
    const kind = pipeKind();
    if (kind === 'none') return '';
    if (kind === 'socket' && !(await hasDataSoon())) {
      this.notify(
        'Nothing arrived on standard input within 3 s: only the message is sent. Use "-" to wait for input, or < /dev/null.\n',
      );
      return '';
    }
    const hint = setTimeout(
      () => this.notify('Reading standard input; press Ctrl-D or use < /dev/null to end it.\n'),
      silenceMs,
    );
    try {
      return await this.read();
    } finally {
      clearTimeout(hint);
    }
  }
}

function pipeKind(): 'stream' | 'socket' | 'none' {
  try {
    const stats = fstatSync(0);
    if (stats.isSocket()) return 'socket';
    return stats.isFIFO() || stats.isFile() ? 'stream' : 'none';
  } catch {
    return 'none'; // It is closed.
  }
}

/** Whether data or the end comes before the silence is too long. What came stays to be read. */
function hasDataSoon(): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (hasData: boolean) => {
      clearTimeout(timer);
      process.stdin.off('readable', onReadable);
      resolve(hasData);
    };
    const onReadable = () => finish(true);
    const timer = setTimeout(() => finish(false), silenceMs);
    process.stdin.on('readable', onReadable);
  });
}
