import { type Started, startProcess } from '../util/child-process.ts';
import { contain } from '../util/contain.ts';
import type { TerminalListener, TerminalStream } from './port.ts';

/** Keys are sent as bytes, two digits each; so many fit into one line of tmux with ease. */
const maxKeys = 500;

/** tmux writes what a program prints with each byte below 32, and the backslash, as three octal digits. */
function decodeOutput(text: Buffer): Buffer {
  const out = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const isEscape = text[at] === 0x5c;
    out[length] = isEscape
      ? Number.parseInt(text.toString('latin1', at + 1, at + 4), 8)
      : (text[at] as number);
    if (isEscape) at += 3;
    length += 1;
  }
  return out.subarray(0, length);
}

/** Splits what comes from tmux into lines, as bytes: a character may be cut between two outputs. */
function createByteLines(onLine: (line: Buffer) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    let text = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    for (let at = text.indexOf(0x0a); at >= 0; at = text.indexOf(0x0a)) {
      onLine(text.subarray(0, at));
      text = text.subarray(at + 1);
    }
    rest = Buffer.from(text);
  };
}

/**
 * Follows a terminal by tmux's control mode, which needs no terminal: first the screen as it is,
 * then what is printed, in order.
 */
export function followTerminal(
  {
    args,
    env,
    session,
    pane,
  }: { args: readonly string[]; env: Readonly<Record<string, string>>; session: string; pane: string },
  on: TerminalListener,
): TerminalStream {
  /** Null until it is there, and after a start that failed. */
  let child: Started | null = null;
  let isShown = false;
  let isEnded = false;
  /** The answer that is being read; null between answers. `of` is what its first and last line have: the screen's own lines can look like one. */
  let answer: { isOwnPane: string; lines: Buffer[] } | null = null;
  /** Answers come in the order of the commands. */
  const waiting: ((lines: Buffer[]) => void)[] = [];

  /** What is to be said when it is attached; null from then on. A size that comes before that is forgotten (3.3a). */
  let early: string[] | null = [];

  function command(line: string, take: (lines: Buffer[]) => void = () => {}): void {
    if (isEnded) return;
    waiting.push(take);
    if (early) early.push(line);
    else child?.stdin.write(`${line}\n`);
  }

  function attached(): void {
    const lines = early ?? [];
    early = null;
    for (const line of lines) child?.stdin.write(`${line}\n`);
  }

  function end(): void {
    if (isEnded) return;
    isEnded = true;
    on.onEnd();
  }

  function show(lines: Buffer[], [cursor = '']: Buffer[] | string[]): void {
    const [x = 0, y = 0, isAlternate = 0] = String(cursor).trim().split(',').map(Number);
    const screen = Buffer.concat(
      lines.flatMap((line, index) => (index ? [Buffer.from('\r\n'), line] : [line])),
    );
    // What was captured begins in plain letters, and can end in others: with the cursor, which Claude Code draws itself.
    // Programs have asked for bracketed paste long before anybody looks.
    const before = `${isAlternate ? '\x1b[?1049h' : ''}\x1b[?2004h\x1b[m\x1b[H\x1b[2J`;
    on.onData(Buffer.concat([Buffer.from(before), screen, Buffer.from(`\x1b[m\x1b[${y + 1};${x + 1}H`)]));
    isShown = true;
  }

  const take = createByteLines((line) => {
    const text = line.toString('latin1', 0, 100).trimEnd();
    if (answer) {
      const { isOwnPane: of, lines } = answer;
      if (text !== `%end ${of}` && text !== `%error ${of}`) return void lines.push(line);
      answer = null;
      // What tmux says to its own attaching has another flag.
      if (of.endsWith(' 1')) waiting.shift()?.(lines);
    } else if (text.startsWith('%begin ')) answer = { isOwnPane: text.slice('%begin '.length), lines: [] };
    else if (text.startsWith(`%output ${pane} `)) {
      if (isShown) on.onData(decodeOutput(line.subarray(`%output ${pane} `.length)));
    } else if (text.startsWith('%session-changed ')) attached();
    else if (text.startsWith('%exit')) end();
  });

  function listen(started: Started): void {
    child = started;
    // A line that cannot be handled ends this view: whoever looks opens it again, and gets the whole screen.
    child.stdout.on(
      'data',
      contain(take, () => {
        end();
        leave();
      }),
    );
    child.stderr.resume();
    child.on('close', end);
  }

  function leave(): void {
    child?.stdin.end();
    child?.kill();
  }

  const options = { env: { ...env, TERM: 'xterm-256color' }, listen };
  startProcess('tmux', [...args, '-C', 'attach-session', '-t', session], options).then(() => {
    // It was left while it was being started.
    if (isEnded) leave();
  }, end);

  /** Draws the screen as it is now; between the two answers nothing is printed that is not in them. */
  function draw(): void {
    let lines: Buffer[] = [];
    command(`capture-pane -p -e -t '${pane}'`, (found) => {
      lines = found;
    });
    command(`display-message -p -t '${pane}' '#{cursor_x},#{cursor_y},#{alternate_on}'`, (found) =>
      show(lines, found),
    );
  }
  draw();

  return {
    write(bytes) {
      // A person who has scrolled back left it in a mode that takes all keys.
      command(`copy-mode -q -t '${pane}'`);
      for (let at = 0; at < bytes.length; at += maxKeys) {
        const keys = [...bytes.subarray(at, at + maxKeys)].map((byte) => byte.toString(16).padStart(2, '0'));
        command(`send-keys -t '${pane}' -H ${keys.join(' ')}`);
      }
    },
    resize({ columns, rows }) {
      command(`refresh-client -C ${columns},${rows}`);
      // tmux has wrapped its lines again: a screen drawn for another width would be overwritten in the wrong places.
      draw();
    },
    dispose() {
      isEnded = true;
      leave();
    },
  };
}
