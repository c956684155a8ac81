import { z } from 'zod';
import { ModelName, PermissionMode } from '../contract/conversation-options.ts';

/** A setting: its shape (with the default), what it is for, and whether an agent must never see it. */
export type Setting = { schema: z.ZodType; about: string; shown: string; secret?: true };

const text = z.string().trim();
const number = (min: number, max: number) => z.coerce.number().min(min).max(max);
const whole = (min: number, max: number) => number(min, max).int();
/** Words as a shell has them, with quotes around those that hold blanks. */
const words = text
  .default('')
  .transform((value) => Array.from(value.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g), ([, double, single, bare]) => double ?? single ?? bare ?? ''));
const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
const list = text.default('').transform((value) => value.split(/[\s,]+/).filter(Boolean));

/** The settings, by the name of their environment variable. `shown` is the default in words. */
export const settings = {
  AUTH_USERNAME: {
    schema: text.default('switchboard'),
    shown: 'switchboard',
    about: 'The user name to sign in with.',
    secret: true,
  },
  AUTH_PASSWORD: {
    schema: z.string().default(''),
    shown: '',
    about: 'The password. Empty: one is made once and kept in the data folder; then only this machine can sign in.',
    secret: true,
  },
  CLAUDE_PROJECT_PATH: {
    schema: text.default(''),
    shown: '',
    about: 'The default project folder. Empty: the folder in which the server was started.',
  },
  PROJECT_ROOTS: {
    schema: text.default(''),
    shown: '',
    about: 'Folders an agent may work in besides the default project, separated as in PATH. Empty: the home folder.',
  },
  HOST: { schema: text.default('127.0.0.1'), shown: '127.0.0.1', about: 'The address to listen on.' },
  PORT: { schema: whole(0, 65535).default(8000), shown: '8000', about: 'The port to listen on; 0 picks a free one.' },
  ALLOWED_HOSTS: {
    schema: list,
    shown: '',
    about:
      'Host names of your own (a reverse proxy, a machine name) that the server answers for, separated by commas; a whole origin (https://desk.example.org:8443) for a proxy that does not pass the Host header on.',
  },
  PUSH_PRIVATE_ADDRESSES: {
    schema: flag.default(false),
    shown: 'false',
    about: 'Whether pushes may go to addresses of private networks: an ntfy server or a webhook of your own.',
  },
  SESSIONS_DIR: { schema: text.default('sessions'), shown: 'sessions', about: 'The data folder.' },
  CLAUDE_BIN: {
    schema: text.default(''),
    shown: '',
    about: 'The claude command. Empty: the one on PATH, then the one in node_modules.',
  },
  CLAUDE_MODEL: {
    schema: z.union([z.literal(''), ModelName]).default(''),
    shown: '',
    about: 'The model of conversations that name none. Empty: the CLI chooses.',
  },
  CLAUDE_EXTRA_ARGS: {
    schema: words,
    shown: '',
    about: 'Further arguments for each run of claude, separated by blanks; quotes hold one together.',
  },
  CLAUDE_TIMEOUT_S: {
    schema: number(0.05, 86_400).default(300),
    shown: '300',
    about: 'How long a turn may run, in seconds, where the request does not say.',
  },
  PERMISSION_MODE: {
    schema: PermissionMode.default('acceptEdits'),
    shown: 'acceptEdits',
    about: 'The permission mode of conversations that name none: acceptEdits, auto, bypassPermissions, default, dontAsk, plan.',
  },
  ALLOWED_TOOLS: {
    schema: text.default('Bash(git *)'),
    shown: 'Bash(git *)',
    about: 'Tools that are allowed without a question, as claude --allowedTools takes them.',
  },
  MAX_CONCURRENT_TURNS: {
    schema: whole(0, 1000).default(0),
    shown: '0',
    about: 'How many turns run at a time. 0: twice the number of cores.',
  },
  MAX_QUEUED_TURNS: {
    schema: whole(1, 1_000_000).default(1000),
    shown: '1000',
    about: 'How many turns may wait before new ones are refused.',
  },
  LIVE_PROCESSES: {
    schema: z.union([z.literal(''), whole(0, 1000)]).default(''),
    shown: '',
    about:
      'How many live processes of claude are kept open, about 120 MB each; 0: none. Empty: as many as fit into half of the free memory, up to 20.',
  },
  LIVE_IDLE_S: {
    schema: number(1, 2_000_000).default(1800),
    shown: '1800',
    about: 'How long a live process may rest before it is closed, in seconds.',
  },
  STALL_S: {
    schema: number(0.05, 86_400).default(300),
    shown: '300',
    about: 'How long an agent may say nothing, in seconds, while no tool runs and nobody is asked.',
  },
  PROMPT_TIMEOUT_S: {
    schema: z.union([z.literal(''), number(0.05, 2_000_000)]).default(''),
    shown: '',
    about: 'After so many seconds a prompt is answered with "nobody was there, not refused". Empty: it waits for as long as it takes.',
  },
  PAUSE_QUEUE_ON_CANCEL: {
    schema: flag.default(false),
    shown: 'false',
    about: 'true: a cancelled turn keeps what waits behind it from starting, until the next message.',
  },
  BUDGET_DAY_USD: {
    schema: z.union([z.literal(''), number(0.000001, 1_000_000)]).default(''),
    shown: '',
    about: 'What all turns of a day may cost together, in USD. Empty: no limit.',
  },
  EVENTS_MAX_MB: {
    schema: number(1, 1_000_000).default(256),
    shown: '256',
    about: 'How much of the events is kept for readers that come back, in MB; the oldest go first.',
  },
  EVENTS_KEEP_DAYS: {
    schema: number(0.01, 36_500).default(30),
    shown: '30',
    about: 'How long events are kept, in days.',
  },
  SHUTDOWN_GRACE_S: {
    schema: number(0, 3600).default(10),
    shown: '10',
    about: 'How long running turns may go on after the server was told to stop, in seconds.',
  },
  TUNNEL: { schema: z.enum(['none', 'ngrok']).default('none'), shown: 'none', about: 'none, or ngrok for an address on the internet.' },
  NGROK_AUTHTOKEN: { schema: text.default(''), shown: '', about: 'The token of your ngrok account.', secret: true },
  NGROK_DOMAIN: { schema: text.default(''), shown: '', about: 'The domain of your ngrok account. Empty: ngrok picks one.', secret: true },
  LOG_LEVEL: {
    schema: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
    shown: 'info',
    about: 'silent, error, warn, info or debug.',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;
