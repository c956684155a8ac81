import type { ErrorCode } from '../contract/error.ts';

/**
 * What a person at a shell can do about an error; the hints of the error table are for clients of the API. Codes that
 * are missing here need no more than what the server says was wrong.
 */
export const fixes: Readonly<Partial<Record<ErrorCode, string>>> = {
  address_not_allowed: 'Use a public address, or set PUSH_PRIVATE_ADDRESSES=true on the server.',
  invalid_request: 'Run the command with --help to see what it accepts.',
  not_signed_in: 'Set SWITCHBOARD_TOKEN to a token that `switchboard token` printed on the server.',
  wrong_credentials: 'The server prints the user name, and where to find the password, when it starts.',
  budget_reached: 'Raise the budget of the conversation on the page, or BUDGET_DAY_USD on the server.',
  host_not_allowed:
    'Use localhost or the address of the tunnel, or add the name to ALLOWED_HOSTS on the server.',
  project_not_allowed: 'Use a folder under PROJECT_ROOTS, or add its parent to PROJECT_ROOTS on the server.',
  conversation_not_found: 'See `switchboard list`; `switchboard new` creates a conversation.',
  prompt_not_found: 'See `switchboard prompts`.',
  record_not_found: 'See `switchboard ended --hidden`.',
  route_not_found: 'The server may be older than this command: update both to the same version.',
  session_not_found: 'Its transcript was removed or never written. See `switchboard list --sessions`.',
  turn_not_found: 'See `switchboard show` for the turns of a conversation.',
  background_busy: 'Wait for the background work to end, or stop it on the page.',
  conversation_busy: 'Wait with `switchboard wait`, or stop the turn with `switchboard stop`.',
  conversation_exists: 'Choose another name.',
  files_changed: 'Nothing was changed. See `switchboard changes`, and undo the other files by naming them.',
  nothing_to_fork: 'Fork a conversation after its first turn has ended.',
  nothing_to_undo:
    'Undo works in git repositories only, for the last 100 turns; ignored files are not tracked.',
  project_mismatch: 'A session continues in its own folder only: use another conversation.',
  prompt_answered: 'The first answer counts.',
  prompt_changed: 'Nothing was allowed. See `switchboard prompts`, then answer it again.',
  session_ambiguous: 'Use a longer prefix.',
  session_busy: 'Write to it there, close it there, or copy it with `switchboard new --session … --copy`.',
  terminal_not_ours: 'Open it in a terminal with `switchboard resume` or `switchboard attach`.',
  terminal_waits:
    'Nothing was typed. Answer it with `switchboard attach`, or interrupt it with `switchboard kill`.',
  turn_cancelled: 'What it produced is in `switchboard logs`.',
  turn_not_queued: 'Stop a running turn with `switchboard stop`.',
  undo_incomplete: 'Fix what is named, then run the command again; restored files stay restored.',
  attachment_lost: 'Send the message again with its files.',
  prompt_withdrawn: 'Send a new message to continue.',
  message_too_large: 'Put large material into a file of the project and name it.',
  prompt_too_long: 'Shorten the message, or send /compact.',
  command_refused: 'Run it in a terminal: `switchboard attach`.',
  project_not_found: 'Name an existing folder, or create it first.',
  queue_full: 'Wait for some to end: `switchboard queue`. MAX_QUEUED_TURNS sets the limit on the server.',
  too_many_logins: 'Wait a while. Existing sign-ins and tokens keep working.',
  internal: 'The log of the server has the details.',
  agent_failed: 'It may have changed files: see `switchboard changes` before you send the message again.',
  agent_killed: 'The machine may be out of memory (journalctl -k). The conversation can continue.',
  agent_limit_reached: 'Send "continue" to let it work on.',
  model_overloaded: 'Try again in a minute.',
  model_rate_limited: 'Wait until the limit resets, or use another model (--model).',
  model_unavailable: 'Use another model (--model), or unset CLAUDE_MODEL on the server.',
  model_unreachable: 'Check the network of the machine, its proxies and ANTHROPIC_BASE_URL.',
  terminal_failed: 'Fix what its last lines name, then try again.',
  turn_interrupted: 'It was not repeated. What it produced is in `switchboard logs`.',
  accepted_shutting_down:
    'Do not send it again: it runs when the server is back. See `switchboard logs` then.',
  agent_not_found: 'Install Claude Code on the machine of the server, or set CLAUDE_BIN to its path.',
  file_unavailable: 'Fix what is named, then try again. Nothing else is affected.',
  machine_exhausted:
    'If the message was accepted, it runs later. Close programs, or raise the limit (ulimit -n).',
  not_logged_in: 'Run `claude auth login` on the machine of the server, or set ANTHROPIC_API_KEY there.',
  shutting_down: 'It was not accepted. Send it again when the server is back.',
  storage_unavailable:
    'Fix what is named; docs/data-folder.md describes each file. Accepted messages are kept.',
  tmux_not_found: 'Install tmux on the machine of the server (apt-get install tmux, brew install tmux).',
  transcript_unreadable: 'Fix what is named, then send the message again.',
  agent_stalled: 'STALL_S sets the limit on the server. What it produced is in `switchboard logs`.',
  turn_timed_out: 'CLAUDE_TIMEOUT_S sets the limit on the server. What it produced is in `switchboard logs`.',
};
