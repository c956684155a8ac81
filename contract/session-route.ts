import type { Route } from './route-row.ts';

const one = ['host_not_found', 'session_not_found', 'session_ambiguous'] as const;

const opening = ['tmux_not_found', 'agent_not_found', 'not_logged_in', 'terminal_failed'] as const;

/** The routes of the sessions on a host; see `routes`. */
export const sessionRoutes = {
  listHostSessions: {
    method: 'GET',
    path: '/api/hosts/:host/sessions',
    tag: 'sessions',
    summary:
      'Every session that was ever begun on a host (`local` is this machine), live ones first, then newest first',
    errors: ['host_not_found'],
  },
  readHostSession: {
    method: 'GET',
    path: '/api/hosts/:host/sessions/:id',
    tag: 'sessions',
    summary: 'One session, by its id or the beginning of it',
    errors: one,
  },
  readHostMessages: {
    method: 'GET',
    path: '/api/hosts/:host/sessions/:id/messages',
    tag: 'sessions',
    summary: 'A page of its history, as of a conversation',
    errors: one,
  },
  diagnoseSession: {
    method: 'GET',
    path: '/api/hosts/:host/sessions/:id/diagnose',
    tag: 'sessions',
    summary: 'What it did last, its current state, and what to do',
    errors: one,
  },
  startTerminal: {
    method: 'POST',
    path: '/api/hosts/:host/sessions',
    tag: 'sessions',
    summary: 'Start Claude Code in a terminal, as a person does; answers when it is ready',
    status: 201,
    errors: [...opening, 'host_not_found', 'project_not_found', 'project_not_allowed'],
  },
  resumeTerminal: {
    method: 'POST',
    path: '/api/hosts/:host/sessions/:id/resume',
    tag: 'sessions',
    summary: 'Open an ended session in a terminal; its live process, if it has one, is closed first',
    status: 201,
    errors: [...one, ...opening, 'conversation_busy', 'background_busy', 'session_busy'],
  },
  renameSession: {
    method: 'PATCH',
    path: '/api/hosts/:host/sessions/:id',
    tag: 'sessions',
    summary: 'Set the title of a session, like /rename',
    errors: one,
  },
  repairSession: {
    method: 'POST',
    path: '/api/hosts/:host/sessions/:id/repair',
    tag: 'sessions',
    summary:
      'What is wrong with a transcript and what a resume would lose; repairs it in a copy and keeps the original',
    errors: [...one, 'session_busy'],
  },
  sendToTerminal: {
    method: 'POST',
    path: '/api/hosts/:host/sessions/:id/send',
    tag: 'sessions',
    summary: 'Type a message into its terminal and send it, byte for byte',
    errors: [...one, 'terminal_not_ours', 'terminal_waits', 'terminal_failed'],
  },
  interruptTerminal: {
    method: 'POST',
    path: '/api/hosts/:host/sessions/:id/interrupt',
    tag: 'sessions',
    summary: 'Press Escape in its terminal: the turn stops, or the question is refused',
    errors: [...one, 'terminal_not_ours'],
  },
  readTerminal: {
    method: 'GET',
    path: '/api/hosts/:host/sessions/:id/terminal',
    tag: 'sessions',
    summary: 'What is on the screen of its terminal, as text',
    errors: [...one, 'terminal_not_ours'],
  },
  openTerminal: {
    method: 'POST',
    path: '/api/hosts/:host/sessions/:id/terminal',
    tag: 'sessions',
    summary:
      'A ticket for the live terminal: a WebSocket at the same path, `?ticket=` once and soon. See docs/terminal.md',
    status: 201,
    errors: [...one, 'terminal_not_ours'],
  },
  killTerminal: {
    method: 'DELETE',
    path: '/api/hosts/:host/sessions/:id',
    tag: 'sessions',
    summary: 'End its terminal: with /exit, then by force if necessary; the transcript stays',
    errors: [...one, 'terminal_not_ours'],
  },
  killTerminals: {
    method: 'DELETE',
    path: '/api/hosts/:host/sessions',
    tag: 'sessions',
    summary: 'End the terminals in which nothing was done for some time',
    errors: ['host_not_found'],
  },
  attachConversation: {
    method: 'POST',
    path: '/api/conversations/:id/attach',
    tag: 'sessions',
    summary:
      'Hand a conversation to a terminal: its live process is closed between turns, and its session opened there',
    status: 201,
    errors: [
      ...opening,
      'conversation_not_found',
      'conversation_busy',
      'background_busy',
      'session_busy',
      'session_not_found',
    ],
  },
  detachConversation: {
    method: 'POST',
    path: '/api/conversations/:id/detach',
    tag: 'sessions',
    summary: 'Close the terminal of a conversation and continue here',
    errors: ['conversation_not_found', 'session_not_found', 'terminal_not_ours'],
  },
  terminalHook: {
    method: 'POST',
    path: '/api/hooks/terminal',
    tag: 'sessions',
    open: true,
    summary:
      'Where Claude Code in a terminal that was started here tells what it asks; its own token lets it in',
    errors: ['wrong_credentials'],
  },
  search: {
    method: 'GET',
    path: '/api/search',
    tag: 'sessions',
    summary: 'Words, "phrases" and prefixes* in all transcripts of this machine',
    errors: [],
  },
  readTyped: {
    method: 'GET',
    path: '/api/history',
    tag: 'sessions',
    summary: 'Prompts that were typed in a terminal, newest first',
    errors: [],
  },
} as const satisfies Record<string, Route>;
