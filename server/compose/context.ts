import { customAlphabet, nanoid } from 'nanoid';
import type { createClaude } from '../agent/claude/claude.ts';
import type { Agent } from '../agent/port.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { StorageNotes } from '../store/storage-notes.ts';
import type { TunnelProvider, TunnelStatus } from '../tunnel/port.ts';

export type ServerDeps = {
  config: Config;
  log: Log;
  version: string;
  /** The folder with node_modules and the built page. */
  packageRoot: string;
  /** Opens tunnels if the settings ask for one. */
  tunnelProvider: TunnelProvider | null;
  onTunnelChange(status: TunnelStatus): void;
  checkAnswers: boolean;
  /** Makes the agent: Claude Code, unless a test replaces it. */
  createAgent?: (deps: Parameters<typeof createClaude>[0]) => Agent;
  /** Start with an empty journal although the data folder had one. */
  acceptEmpty?: boolean;
};

/** What every step of the composition uses. */
export type Context = ServerDeps & {
  storageNotes: StorageNotes;
  warn(error: unknown, text: string): void;
  now(): Date;
};

export function createContext(deps: ServerDeps, storageNotes: StorageNotes): Context {
  const warn = (error: unknown, text: string) => deps.log.warn({ err: error ?? undefined }, text);
  return { ...deps, storageNotes, warn, now: () => new Date() };
}

/** No dash or underscore: these are typed in shells. */
const typedAlphabet = '0123456789abcdefghijklmnopqrstuvwxyz';

export const newConvId = customAlphabet(typedAlphabet, 10);
export const newRecordId = customAlphabet(typedAlphabet, 12);
export const newPromptId = () => nanoid(12);
