import { z } from 'zod';
import { ModelName, PermissionMode } from '../contract/common.ts';

/** A setting: its shape (with the default), what it is for, and whether an agent must never see it. */
export type Setting = { schema: z.ZodType; about: string; shown: string; secret?: true };

const text = z.string().trim();
const number = (min: number, max: number) => z.coerce.number().min(min).max(max);
const whole = (min: number, max: number) => number(min, max).int();
/** Words as a shell has them, with quotes around those that contain spaces. */
const words = text
  .default('')
  .transform((value) =>
    Array.from(
      value.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
      ([, double, single, bare]) => double ?? single ?? bare ?? '',
    ),
  );
const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
const list = text.default('').transform((value) => value.split(/[\s,]+/).filter(Boolean));

/** The settings, by the name of their environment variable. `shown` describes the default. */
export const settings = {
  AUTH_USERNAME: {
    schema: text.default('switchboard'),
    shown: 'switchboard',
    about: 'User name for signing in.',
    secret: true,
  },
  AUTH_PASSWORD: {
    schema: z.string().default(''),
    shown: '',
    about:
      'Password. Empty: one is generated once and kept in the data folder; then only this machine can sign in.',
    secret: true,
  },
  CLAUDE_PROJECT_PATH: {
    schema: text.default(''),
    shown: '',
    about: 'Default project folder. Empty: the folder in which the server was started.',
  },
  PROJECT_ROOTS: {
    schema: text.default(''),
    shown: '',
    about:
      'Folders in which agents may work besides the default project, separated as in PATH. Empty: the home folder.',
  },
  HOST: { schema: text.default('127.0.0.1'), shown: '127.0.0.1', about: 'Address to listen on.' },
  PORT: {
    schema: whole(0, 65535).default(8000),
    shown: '8000',
    about: 'Port to listen on; 0 picks a free one.',
  },
  ALLOWED_HOSTS: {
    schema: list,
    shown: '',
    about:
      'Additional host names of this server (a reverse proxy, a machine name), separated by commas. If a proxy does not forward the Host header, use a whole origin (https://desk.example.org:8443).',
  },
  PUSH_PRIVATE_ADDRESSES: {
    schema: flag.default(false),
    shown: 'false',
    about:
      'Whether notifications may be sent to private networks, for example to your own ntfy server or webhook.',
  },
  SESSIONS_DIR: { schema: text.default('sessions'), shown: 'sessions', about: 'Data folder.' },
  CLAUDE_BIN: {
    schema: text.default(''),
    shown: '',
    about: 'The claude command. Empty: found on PATH, then in node_modules.',
  },
  CLAUDE_MODEL: {
    schema: z.union([z.literal(''), ModelName]).default(''),
    shown: '',
    about: 'Default model of conversations. Empty: the CLI chooses.',
  },
  CLAUDE_EXTRA_ARGS: {
    schema: words,
    shown: '',
    about: 'Additional arguments for claude, separated by spaces; quote an argument that contains spaces.',
  },
  CLAUDE_TIMEOUT_S: {
    schema: number(0.05, 86_400).default(300),
    shown: '300',
    about: 'Default time limit of a turn, in seconds.',
  },
  PERMISSION_MODE: {
    schema: PermissionMode.default('acceptEdits'),
    shown: 'acceptEdits',
    about:
      'Default permission mode of conversations: acceptEdits, auto, bypassPermissions, default, dontAsk, plan.',
  },
  ALLOWED_TOOLS: {
    schema: text.default('Bash(git *)'),
    shown: 'Bash(git *)',
    about: 'Tools that are allowed without asking, in the format of claude --allowedTools.',
  },
  MAX_CONCURRENT_TURNS: {
    schema: whole(0, 1000).default(0),
    shown: '0',
    about: 'Maximum number of turns that run at the same time. 0: twice the number of cores.',
  },
  MAX_QUEUED_TURNS: {
    schema: whole(1, 1_000_000).default(1000),
    shown: '1000',
    about: 'Maximum number of queued turns; further messages are refused.',
  },
  LIVE_PROCESSES: {
    schema: z.union([z.literal(''), whole(0, 1000)]).default(''),
    shown: '',
    about:
      'Maximum number of claude processes to keep warm, about 120 MB each; 0: none. Empty: as many as fit into half of the free memory, up to 20.',
  },
  LIVE_IDLE_S: {
    schema: number(1, 2_000_000).default(1800),
    shown: '1800',
    about: 'Seconds after which an idle live process is closed.',
  },
  STALL_S: {
    schema: number(0.05, 86_400).default(300),
    shown: '300',
    about:
      'Seconds without output before an agent counts as stalled, while no tool runs and no prompt is open.',
  },
  PROMPT_TIMEOUT_S: {
    schema: z.union([z.literal(''), number(0.05, 2_000_000)]).default(''),
    shown: '',
    about:
      'Seconds before an unanswered prompt times out (the agent is told that nobody responded). Empty: never.',
  },
  PAUSE_QUEUE_ON_CANCEL: {
    schema: flag.default(false),
    shown: 'false',
    about: 'true: pause the queue after a cancel until the next message.',
  },
  BUDGET_DAY_USD: {
    schema: z.union([z.literal(''), number(0.000001, 1_000_000)]).default(''),
    shown: '',
    about: 'Daily spending limit in USD. Empty: no limit.',
  },
  EVENTS_MAX_MB: {
    schema: number(1, 1_000_000).default(256),
    shown: '256',
    about: 'Maximum size of the event log in MB; the oldest events are deleted first.',
  },
  EVENTS_KEEP_DAYS: {
    schema: number(0.01, 36_500).default(30),
    shown: '30',
    about: 'Days to keep events.',
  },
  SHUTDOWN_GRACE_S: {
    schema: number(0, 3600).default(10),
    shown: '10',
    about: 'Seconds that running turns get to finish when the server stops.',
  },
  TUNNEL: {
    schema: z.enum(['none', 'ngrok']).default('none'),
    shown: 'none',
    about: 'none, or ngrok for a public address.',
  },
  NGROK_AUTHTOKEN: {
    schema: text.default(''),
    shown: '',
    about: 'Token of your ngrok account.',
    secret: true,
  },
  NGROK_DOMAIN: {
    schema: text.default(''),
    shown: '',
    about: 'Domain of your ngrok account. Empty: ngrok picks one.',
    secret: true,
  },
  LOG_LEVEL: {
    schema: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
    shown: 'info',
    about: 'Log level: silent, error, warn, info or debug.',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;
