import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parse } from 'dotenv';
import { z } from 'zod';
import { type SettingName, settings } from './setting.ts';
import { isMissing } from './util/file-error.ts';
import { describeFileFault } from './util/file-fault.ts';

const shape = Object.fromEntries(
  Object.entries(settings).map(([name, setting]) => [name, setting.schema]),
) as {
  [N in SettingName]: (typeof settings)[N]['schema'];
};
const Settings = z.object(shape);

/**
 * The settings after the checks, with folders made absolute and defaults that depend on the machine filled
 * in.
 */
export type Config = Readonly<
  z.output<typeof Settings> & {
    project: string;
    projectRoots: readonly string[];
    dataFolder: string;
    maxConcurrentTurns: number;
    liveProcesses: number;
    /** Where the server says how programs of the same user reach it. */
    stateFile: string;
    /** Where it is noted who uses which data folder. */
    ownersFolder: string;
    /** Environment of the agents: the server's own without Switchboard's settings and secrets. */
    agentEnv: Readonly<Record<string, string>>;
  }
>;

/** What holds for turns that say nothing else. */
export const turnDefaults = (config: Config) => ({
  permissionMode: config.PERMISSION_MODE,
  allowedTools: config.ALLOWED_TOOLS,
  model: config.CLAUDE_MODEL || null,
  extraArgs: config.CLAUDE_EXTRA_ARGS,
  timeoutS: config.CLAUDE_TIMEOUT_S,
});

/** A setting that cannot be used; the message says which one, why, and the cure. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Variables by which a Claude Code session marks what it starts. A server that is started from one
 * would hand them on, and its agents would take themselves for parts of that session.
 */
const nestedMarks = [
  'CLAUDECODE',
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_SSE_PORT',
  'CLAUDE_CODE_SESSION_ID',
];

/** Memory of a live process: 100 to 127 MB after 1 to 10 turns (2.1.329). */
const liveBytes = 120_000_000;

const secretNames = /^(AUTH_|NGROK_|SWITCHBOARD_)/;

/** Reads `.env` in `folder` and the environment (which wins) and checks both. */
export function readConfig(folder: string, env: NodeJS.ProcessEnv = process.env): Config {
  const path = resolve(folder, '.env');
  let file: Record<string, string> = {};
  try {
    file = parse(readFileSync(path));
  } catch (error) {
    if (!isMissing(error)) throw new ConfigError(`${describeFileFault(path, error)}.`);
  }
  return toConfig(folder, env, file);
}

/** The pure part of `readConfig`. Throws ConfigError naming each wrong setting. */
export function toConfig(folder: string, env: NodeJS.ProcessEnv, file: Record<string, string>): Config {
  const given: Record<string, string> = {};
  for (const name of Object.keys(settings)) {
    const value = env[name] ?? file[name];
    if (value !== undefined && (value !== '' || name === 'ALLOWED_TOOLS')) given[name] = value;
  }
  const parsed = Settings.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      return `${name}: ${issue.message}. ${settings[name as SettingName]?.about ?? ''}`;
    });
    throw new ConfigError(lines.join('\n'));
  }
  const values = parsed.data;
  const stateFolder = join(env['XDG_STATE_HOME'] || join(home(env), '.local', 'state'), 'switchboard');
  const project = resolve(folder, expandHome(values.CLAUDE_PROJECT_PATH, env) || '.');
  const roots = values.PROJECT_ROOTS.split(delimiter).filter(Boolean);
  return {
    ...values,
    project,
    projectRoots: roots.length
      ? [...roots.map((root) => resolve(folder, expandHome(root, env))), project]
      : [home(env), project],
    dataFolder: resolve(folder, expandHome(values.SESSIONS_DIR, env)),
    maxConcurrentTurns: values.MAX_CONCURRENT_TURNS || availableParallelism() * 2,
    liveProcesses:
      values.LIVE_PROCESSES === ''
        ? Math.min(20, Math.floor(freemem() / 2 / liveBytes))
        : values.LIVE_PROCESSES,
    stateFile: join(stateFolder, 'server.json'),
    ownersFolder: join(stateFolder, 'data-folders'),
    agentEnv: toAgentEnv(env, file),
  };
}

function toAgentEnv(env: NodeJS.ProcessEnv, file: Record<string, string>): Record<string, string> {
  const result: Record<string, string> = {};
  // The settings of `.env` (PORT above all) are not for the programs that an agent starts.
  for (const [name, value] of Object.entries(file)) if (!(name in settings)) result[name] = value;
  for (const [name, value] of Object.entries(env)) if (value !== undefined) result[name] = value;
  if (env['npm_lifecycle_event']) removeNpm(result);
  for (const name of Object.keys(result)) {
    const isSecret = secretNames.test(name) || (settings as Record<string, { secret?: true }>)[name]?.secret;
    if (isSecret || nestedMarks.includes(name)) delete result[name];
  }
  // The CLI would take the home folder from passwd, and look for its sessions in an unexpected place.
  result['HOME'] ??= homedir();
  return result;
}

/**
 * `npm start` puts what belongs to this package in front of everything: our own copy of claude would
 * be found before the person's, and npm in their project would take our folder for its own.
 */
function removeNpm(env: Record<string, string>): void {
  for (const name of Object.keys(env)) if (/^npm_|^INIT_CWD$/.test(name)) delete env[name];
  const folders = (env['PATH'] ?? '').split(delimiter);
  env['PATH'] = folders
    .filter((folder) => !/node_modules[\\/]\.bin$|node-gyp-bin$/.test(folder))
    .join(delimiter);
}

const home = (env: NodeJS.ProcessEnv) => env['HOME'] || homedir();

function expandHome(path: string, env: NodeJS.ProcessEnv): string {
  return path === '~' || path.startsWith('~/') ? home(env) + path.slice(1) : path;
}

/** True for addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

const minPasswordLength = 12;

/** Why a password is easy to guess, as a sentence; null if it is not. */
function findWeakness(password: string, username: string): string | null {
  const text = password.trim();
  if (!text) return 'is blank';
  if ([...text].length < minPasswordLength) return `is shorter than ${minPasswordLength} characters`;
  if (text.toLowerCase() === username.trim().toLowerCase()) return 'is the user name';
  if (new Set(text.toLowerCase()).size < 4) return 'repeats a few characters';
  return null;
}

type Exposure = Pick<Config, 'HOST' | 'TUNNEL' | 'AUTH_PASSWORD'> &
  Partial<Pick<Config, 'AUTH_USERNAME' | 'ALLOWED_HOSTS'>>;

/**
 * The settings that make a server reachable from outside, as sentences. Another name means a reverse proxy in
 * front of it.
 */
function findDoors({ HOST, TUNNEL, ALLOWED_HOSTS = [] }: Exposure): { door: string; close: string }[] {
  return [
    ...(isLoopback(HOST)
      ? []
      : [{ door: `HOST=${HOST} can be reached from outside`, close: 'leave HOST at 127.0.0.1' }]),
    ...(TUNNEL === 'none'
      ? []
      : [{ door: `TUNNEL=${TUNNEL} opens the server to the internet`, close: 'set TUNNEL=none' }]),
    ...(ALLOWED_HOSTS.some((name) => !isLoopback(name))
      ? [
          {
            door: `ALLOWED_HOSTS=${ALLOWED_HOSTS.join(',')} is for a server that others reach`,
            close: 'leave ALLOWED_HOSTS empty',
          },
        ]
      : []),
  ];
}

/**
 * Refuses a server that strangers could reach without a password that the person chose, or with one that is
 * easily guessed.
 */
export function checkExposure(config: Exposure): void {
  const doors = findDoors(config);
  // A password that was made here is long, and whoever sets up a proxy finds it in the data folder.
  const door = config.AUTH_PASSWORD
    ? doors[0]
    : doors.find(({ door: text }) => !text.startsWith('ALLOWED_HOSTS'));
  if (!door) return;
  const weakness = config.AUTH_PASSWORD
    ? findWeakness(config.AUTH_PASSWORD, config.AUTH_USERNAME ?? '')
    : null;
  if (config.AUTH_PASSWORD && !weakness) return;
  const fault = weakness ? `AUTH_PASSWORD ${weakness}` : 'no password is set';
  const cure =
    'Set AUTH_PASSWORD in .env to a long password of your own (`switchboard gen-secret` makes one)';
  throw new ConfigError(`${door.door}, and ${fault}. ${cure}, or ${door.close}.`);
}
