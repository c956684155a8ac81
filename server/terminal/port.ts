import { AppError } from '../app-error.ts';

/** A command that tmux refused or did not answer, in its own words. */
export class TmuxError extends AppError {
  constructor(cause: Error) {
    super('terminal_failed', `tmux says: ${cause.message}`, { cause });
  }
}

/** A pane of ours, in which a person can type. */
export type Pane = {
  /** By this it is addressed: a person can split a terminal, and have another part of it active. */
  id: string;
  name: string;
  pid: number;
  isDead: boolean;
};

/** What a pane shows, each line with its colours, and where its cursor stands; the first column and row are 0. */
export type Screen = { column: number; row: number; lines: readonly string[] };

/** Who follows a terminal: what it prints as bytes, and its end. */
export type TerminalListener = { onData(bytes: Buffer): void; onEnd(): void };

/** A terminal that is followed. */
export type TerminalStream = {
  /** Types bytes, as a keyboard does. */
  write(bytes: Buffer): void;
  /** Its window takes this size, as that of who was the last to do something in it. */
  resize(size: { columns: number; rows: number }): void;
  dispose(): void;
};

/**
 * The terminal multiplexer, on a socket of our own: what else runs in it is neither seen nor touched. What it refuses is
 * a TmuxError.
 */
export interface Multiplexer {
  /** Whether it can be used. */
  isAvailable(): Promise<boolean>;
  /** The panes of our own tmux server. */
  listPanes(): Promise<Pane[]>;
  /**
   * Runs a program in a new one and gives its pid; what it prints also goes into `logCommand`, a command of a
   * shell.
   */
  openPane(
    name: string,
    how: { cwd: string; command: readonly string[]; logCommand: string },
  ): Promise<number>;
  /** How the program of a pane ended; null if it has not, or the pane is gone. */
  getExitStatus(pid: number): Promise<{ id: string; exitCode: number | null; signal: number | null } | null>;
  /** Puts a text in as a paste, byte for byte; resolves when it should have been taken up. It is not sent. */
  paste(id: string, text: string): Promise<void>;
  pressKey(id: string, key: 'Escape' | 'Enter' | 'C-c'): Promise<void>;
  /** What is on the screen with its colours, and where the cursor stands. */
  captureScreen(id: string): Promise<Screen>;
  /** What is on the screen, without its colours. */
  captureText(id: string): Promise<string>;
  /** Gives what is on the screen now, then all that comes. */
  streamPane(pane: Pane, on: TerminalListener): TerminalStream;
  /** Ends the program of a pane, and the pane. */
  closePane(pane: Pick<Pane, 'id' | 'pid'>): Promise<void>;
  /** The command that attaches to it. */
  attachCommand(name: string): string;
}
