import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { runProgram } from '../util/child-process.ts';
import { isExhaustion } from '../util/exhaustion.ts';
import { withoutControls } from '../util/input-text.ts';
import { type Multiplexer, type Pane, TmuxError } from './port.ts';
import { followTerminal } from './tmux-control.ts';
import { environmentCommands } from './tmux-environment.ts';

/** Our own server of tmux: a person's own sessions are in another one. */
const socket = 'switchboard';

const size = { columns: 120, rows: 40 };

/** tmux answers at once, or hangs. */
const patienceMs = 10_000;

/** A pane's whole history is far less. */
const maxOutput = 64_000_000;

const hangUpMs = 3000;
const pollMs = 50;

/** Between a paste and its Enter: Claude Code takes an Enter that comes with a paste for a line of it. */
const settleMs = 300;

/** It takes up a long paste at about this speed. */
const charsPerMs = 200;

/** An argument that ends in a semicolon ends its command, and what is behind it would be the next one. */
const escapeArgument = (text: string) => text.replace(/;$/, '\\;');

/** tmux replaces `#{…}` in a folder's name, and runs `#(…)`. */
const escapeFolder = (path: string) => escapeArgument(path.replaceAll('#', '##'));

/** `=` asks for exactly this name; tmux would take the beginning of one as well. The colon makes it that of a session. */
const target = (name: string) => `=${name}:`;

/** The program of a closed terminal gets a hang-up; if it continues, it is killed. */
async function killIfAlive(pid: number): Promise<void> {
  const isAlive = () => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  for (let waited = 0; isAlive() && waited < hangUpMs; waited += pollMs) await delay(pollMs);
  if (isAlive()) process.kill(pid, 'SIGKILL');
}

/** Drives tmux by its command line. Arguments are never given to a shell. */
export function createTmux({ env }: { env: Readonly<Record<string, string>> }): Multiplexer {
  async function runTmux(args: readonly string[], input = ''): Promise<string> {
    // Without the person's own configuration: a prefix or a shell of theirs must not change what we type into.
    const all = ['-L', socket, '-f', '/dev/null', ...args];
    const more = {
      env: { ...env, TERM: 'xterm-256color' },
      input,
      timeoutMs: patienceMs,
      maxBytes: maxOutput,
    };
    try {
      return (await runProgram('tmux', all, more)).stdout;
    } catch (error) {
      throw isExhaustion(error) ? error : new TmuxError(error as Error);
    }
  }

  /** Lists panes; if tmux hangs, that does not mean that there are none. */
  const listPaneLines = (format: string): Promise<string> =>
    runTmux(['list-panes', '-a', '-F', format]).catch((error) => {
      if (/no server running|error connecting|server exited|lost server|ENOENT/.test(error.message))
        return '';
      throw error;
    });

  async function listPanes(): Promise<Pane[]> {
    const text = await listPaneLines('#{pane_id}\t#{session_name}\t#{pane_pid}\t#{pane_dead}');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [id = '', name = '', pid, dead] = line.split('\t');
        return { id, name, pid: Number(pid), isDead: dead === '1' };
      });
  }

  /** A person who has scrolled back left it in a mode that takes all keys. */
  const leaveModes = (id: string) => runTmux(['copy-mode', '-q', '-t', id]);

  return {
    isAvailable: () =>
      runTmux(['-V']).then(
        () => true,
        (error) => {
          // It may well be there: only the machine cannot start it now.
          if (isExhaustion(error)) throw error;
          return false;
        },
      ),
    listPanes,
    async openPane(name, { cwd, command, logCommand }) {
      const how = [
        '-d',
        '-P',
        '-F',
        '#{pane_pid}',
        '-s',
        name,
        '-x',
        String(size.columns),
        '-y',
        String(size.rows),
        '-c',
        escapeFolder(cwd),
      ];
      const setOption = (option: string, value: string) => [
        ';',
        'set-option',
        '-t',
        target(name),
        option,
        value,
      ];
      // What a program says before it ends at once is to be read.
      const keep = setOption('remain-on-exit', 'on');
      // Null if it is not running: then it starts in our environment.
      const shown = await runTmux(['show-environment', '-g']).catch(() => null);
      const environment = shown === null ? ['start-server', ';'] : ['source-file', '-', ';'];
      // A pane has the limit that held when it was made.
      const before = [...environment, 'set-option', '-g', 'history-limit', '10000', ';'];
      const start = [
        ...before,
        'new-session',
        ...how,
        '--',
        ...command.map(escapeArgument),
        ...keep,
        ';',
        'pipe-pane',
        '-t',
        target(name),
        logCommand,
      ];
      return Number(await runTmux(start, shown === null ? '' : environmentCommands(env, shown)));
    },
    async getExitStatus(pid) {
      const format = '#{pane_id}\t#{pane_pid}\t#{pane_dead}\t#{pane_dead_status}\t#{pane_dead_signal}';
      const lines = (await listPaneLines(format)).split('\n').map((line) => line.split('\t'));
      const found = lines.find(([, own, dead]) => Number(own) === pid && dead === '1');
      const number = (text: string | undefined) => (text ? Number(text) : null);
      return found ? { id: String(found[0]), exitCode: number(found[3]), signal: number(found[4]) } : null;
    },
    async paste(id, text) {
      await leaveModes(id);
      const buffer = `sb-${randomBytes(6).toString('hex')}`;
      await runTmux(['load-buffer', '-b', buffer, '-'], withoutControls(text));
      await runTmux(['paste-buffer', '-p', '-r', '-d', '-b', buffer, '-t', id]);
      await delay(settleMs + text.length / charsPerMs);
    },
    async pressKey(id, key) {
      await leaveModes(id);
      await runTmux(['send-keys', '-t', id, key]);
    },
    async captureScreen(id) {
      // In one go, so that both are of one moment.
      const text = await runTmux([
        'display-message',
        '-p',
        '-t',
        id,
        '#{cursor_x},#{cursor_y}',
        ';',
        'capture-pane',
        '-p',
        '-e',
        '-t',
        id,
      ]);
      const [cursor = '', ...lines] = text.split('\n');
      const [column = 0, row = 0] = cursor.split(',').map(Number);
      return { column, row, lines };
    },
    captureText: (id) => runTmux(['capture-pane', '-p', '-J', '-t', id]),
    async closePane({ id, pid }) {
      const isDead = (await listPanes()).find((pane) => pane.id === id)?.isDead ?? true;
      await runTmux(['kill-pane', '-t', id]).catch(() => {}); // It has ended already.
      if (!isDead) await killIfAlive(pid);
    },
    streamPane: (pane, on) =>
      followTerminal(
        { args: ['-L', socket, '-f', '/dev/null'], env, session: target(pane.name), pane: pane.id },
        on,
      ),
    attachCommand: (name) => `tmux -L ${socket} attach -t '=${name}'`,
  };
}
