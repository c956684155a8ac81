import type { ErrorRow } from './error-row.ts';

/** The errors of the server, the agent and the machine (5xx), sorted by status and code. */
export const serverErrors = {
  internal: {
    status: 500,
    title: 'Something went wrong in Switchboard',
    hint: 'Search the log for the request_id.',
  },
  agent_failed: {
    status: 502,
    title: 'The agent failed',
    hint: 'The detail is what the agent reported. The turn may have changed files: check the history before you send the message again.',
  },
  agent_killed: {
    status: 502,
    title: 'The agent was killed during the turn',
    hint: 'The machine may be out of memory (journalctl -k). The conversation can continue.',
  },
  agent_limit_reached: {
    status: 502,
    title: 'The agent stopped at a limit that it was given',
    hint: 'Raise --max-turns or --max-budget-usd in the extra arguments, or send "continue".',
  },
  model_overloaded: {
    status: 502,
    title: 'The model is overloaded',
    hint: 'Try again in a minute; nothing is wrong on this machine.',
  },
  model_rate_limited: {
    status: 502,
    title: 'The account reached a rate or usage limit',
    hint: 'Wait for the limit to reset (/usage in a terminal shows it), or use another model.',
  },
  model_unavailable: {
    status: 502,
    title: 'The model does not exist or this account cannot use it',
    hint: 'Choose another model for the conversation, or unset CLAUDE_MODEL.',
  },
  model_unreachable: {
    status: 502,
    title: 'The agent cannot reach the model service',
    hint: 'Check the network of the machine, proxies and ANTHROPIC_BASE_URL.',
  },
  terminal_failed: {
    status: 502,
    title: 'The session failed to start or respond in its terminal',
    hint: 'The detail has the last lines of the terminal. Fix what they name, then try again.',
  },
  turn_interrupted: {
    status: 502,
    title: 'The server stopped while the turn was running',
    hint: 'The turn was not repeated. The history has what it produced; send the message again if needed.',
  },
  accepted_shutting_down: {
    status: 503,
    title: 'The message is accepted; the server is shutting down',
    hint: 'Do not send it again: it runs when the server is back. Then GET /api/turns/:id (its turn_id) has the answer.',
  },
  agent_not_found: {
    status: 503,
    title: 'The claude command was not found',
    hint: 'Install Claude Code on this machine, or set CLAUDE_BIN to its path.',
  },
  file_unavailable: {
    status: 503,
    title: 'A file cannot be used now',
    hint: 'Nothing else is affected. Fix what the detail names (permissions, disk space, the disk itself) and try again.',
  },
  machine_exhausted: {
    status: 503,
    title: 'The machine is out of file descriptors, processes or memory',
    hint: 'With a turn_id the message is accepted and runs later (GET /api/turns/:id): do not send it again. Close programs, or raise the limit (ulimit -n, LimitNOFILE).',
  },
  not_logged_in: {
    status: 503,
    title: 'Claude Code is not signed in',
    hint: 'Run `claude auth login` (or `claude setup-token`) on the machine, or set ANTHROPIC_API_KEY.',
  },
  shutting_down: {
    status: 503,
    title: 'The server is shutting down',
    hint: 'The message was not accepted. Send it again when the server is back.',
  },
  storage_unavailable: {
    status: 503,
    title: 'The data folder cannot be used',
    hint: 'Fix what the detail names: free disk space, make SESSIONS_DIR writable, bring its files back, or run `switchboard repair-store` (docs/data-folder.md). Accepted messages are kept and continue automatically.',
  },
  tmux_not_found: {
    status: 503,
    title: 'tmux is not installed',
    hint: 'Install tmux on the machine of the server (apt-get install tmux, brew install tmux).',
  },
  transcript_unreadable: {
    status: 503,
    title: 'The transcript of the session cannot be read',
    hint: 'Fix what the detail names, then send the message again. A CLI that was run with sudo leaves files of another user.',
  },
  agent_stalled: {
    status: 504,
    title: 'The agent was silent for too long',
    hint: 'STALL_S sets the limit. The history has what was produced; check it before you send the message again.',
  },
  turn_timed_out: {
    status: 504,
    title: 'The turn ran out of time',
    hint: 'Raise timeout_s or CLAUDE_TIMEOUT_S. The history has what was produced, and the conversation can continue.',
  },
} as const satisfies Record<string, ErrorRow>;
