import { AppError } from '../../app-error.ts';
import { claudeHome } from '../../transcript-file/paths.ts';
import type { AgentStatus } from '../port.ts';
import { locateClaude } from './locate.ts';
import { probeClaude } from './probe.ts';

const statusForMs = 60_000;

/** Delays of 0.5, 1, 2, 4 and 8 s; the CLI's own ten retries keep a person waiting for three minutes. */
const maxRetries = '5';

export type ClaudeCliOptions = {
  /** CLAUDE_BIN. */
  bin: string;
  packageRoot: string;
  env: Readonly<Record<string, string>>;
  now(): Date;
};

/** The installed CLI: its binary, its environment, and whether it is signed in. */
export class ClaudeCli {
  readonly env: Readonly<Record<string, string>>;
  /** The folder in which it keeps its sessions. */
  readonly home: string;
  readonly #options: ClaudeCliOptions;
  readonly #probing = new AbortController();
  #cached: { at: number; status: Promise<AgentStatus> } | null = null;

  constructor(options: ClaudeCliOptions) {
    this.#options = options;
    this.env = {
      CLAUDE_CODE_MAX_RETRIES: maxRetries,
      CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: '1',
      ...options.env,
    };
    this.home = claudeHome(this.env);
  }

  /** The path of the binary. Throws AppError `agent_not_found`. */
  async requireBinary(): Promise<string> {
    const binary = await this.#locate();
    if (binary) return binary;
    const { bin } = this.#options;
    throw new AppError(
      'agent_not_found',
      bin ? `CLAUDE_BIN=${bin} is not a program that can be started.` : undefined,
    );
  }

  getStatus(): Promise<AgentStatus> {
    const at = this.#options.now().getTime();
    if (!this.#cached || at - this.#cached.at > statusForMs) this.#cached = { at, status: this.#probe() };
    return this.#cached.status;
  }

  dispose(): void {
    this.#probing.abort();
  }

  async #probe(): Promise<AgentStatus> {
    return probeClaude(await this.#locate(), this.env, this.#probing.signal);
  }

  #locate(): Promise<string | null> {
    const { bin, packageRoot } = this.#options;
    return locateClaude({ bin, path: this.env['PATH'] ?? '', packageRoot });
  }
}
