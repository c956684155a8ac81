/**
 * The folders of the server: what is in each, and what it may import besides its own files, `contract/`,
 * `server/util/` and `server/app-error.ts`. `.dependency-cruiser.cjs` derives its rules from this table, and
 * `npm run generate` the table in CONTRIBUTING.md. A folder without a row fails `npm run check`.
 *
 * @type {Record<string, { what: string, imports: readonly string[] }>}
 */
const serverFolders = {
  compose: {
    what: 'builds the server from its parts, in steps; may import all of them',
    imports: [''],
  },
  http: {
    what: 'routes, middleware, event streams',
    imports: [
      'access/',
      'agent/port.ts',
      'attachment/',
      'config.ts',
      'conversation/conversations.ts',
      'metrics/',
      'page/port.ts',
      'prompt/prompts.ts',
      'push/push-service.ts',
      'session-record/records.ts',
      'session/port.ts',
      'store/credential-store.ts',
      'store/port.ts',
      'terminal/port.ts',
      'terminal/prompts.ts',
      'tunnel/port.ts',
      'undo/port.ts',
    ],
  },
  conversation: {
    what: 'conversations: accepting messages, the queue, running a turn, recovery',
    imports: [
      'agent/port.ts',
      'events.ts',
      'prompt/prompts.ts',
      'session/lease.ts',
      'store/port.ts',
      'terminal/turn-port.ts',
      'transcript/',
      'undo/port.ts',
    ],
  },
  prompt: {
    what: 'open prompts, rules, shell parsing, risks',
    imports: ['agent/port.ts', 'store/port.ts', 'transcript/'],
  },
  session: {
    what: 'the sessions on this machine, no matter which program opened them',
    imports: [
      'agent/port.ts',
      'session-index/port.ts',
      'session-record/end-reason.ts',
      'terminal/port.ts',
      'terminal/sessions.ts',
      'transcript/',
    ],
  },
  'session-index': {
    what: 'the search index over all transcripts, and the thread that updates it',
    imports: ['transcript/', 'transcript-file/'],
  },
  'session-record': {
    what: 'records of sessions, their logs, and why each ended',
    imports: ['agent/port.ts', 'terminal/output-log.ts', 'terminal/port.ts', 'transcript/'],
  },
  transcript: {
    what: 'pure: turns transcript entries into messages, metadata, last activity and search text',
    imports: [],
  },
  'transcript-file': {
    what: 'finds, reads, copies and repairs transcript files',
    imports: ['transcript/'],
  },
  agent: {
    what: 'agents behind `port.ts` and `transcript-port.ts`; `claude/` is one of them',
    imports: ['session/lease.ts', 'transcript/', 'transcript-file/'],
  },
  terminal: {
    what: 'tmux: sessions in terminals, typing into them, their prompts and output',
    imports: [
      'agent/port.ts',
      'agent/process-tree.ts',
      'agent/transcript-port.ts',
      'conversation/conversations.ts',
      'events.ts',
      'prompt/prompts.ts',
      'prompt/rule-match.ts',
      'session-record/',
      'session/lease.ts',
    ],
  },
  project: {
    what: 'the folders in which agents may work, and finding files in them',
    imports: ['project-file/', 'prompt/obeyed.ts', 'session/port.ts', 'work-tree/'],
  },
  'project-file': {
    what: 'the only way to read, write, list or remove anything in a project; it follows no links',
    imports: [],
  },
  'work-tree': {
    what: 'what git tracks and ignores in a project, without running git there',
    imports: ['git/', 'project-file/'],
  },
  git: {
    what: 'builds every git command; git runs only in repositories of the server, never in a project',
    imports: [],
  },
  undo: {
    what: 'snapshots of the files before and after each turn, in a repository of the server',
    imports: ['git/', 'log.ts', 'project-file/', 'work-tree/'],
  },
  store: {
    what: 'everything stored on disk: the journal, the mapping, queues, rules, credentials',
    imports: ['agent/port.ts', 'push/port.ts', 'session-record/port.ts', 'transcript/', 'undo/port.ts'],
  },
  access: { what: 'passwords, pairing links, the limit on failed sign-ins', imports: [] },
  attachment: { what: 'files that come with messages', imports: ['project-file/', 'store/port.ts'] },
  metrics: {
    what: 'metrics for Prometheus',
    imports: ['agent/port.ts', 'conversation/conversations.ts', 'prompt/prompts.ts', 'store/port.ts'],
  },
  page: { what: 'the built page, and server rendering of its first screen', imports: [] },
  push: { what: 'notifications: Web Push, ntfy, webhooks', imports: [] },
  tunnel: { what: 'the tunnel to the internet, and its reconnection', imports: [] },
  util: {
    what: 'small helpers, one subject per file; the only way to start a program or a thread',
    imports: [],
  },
};

module.exports = { serverFolders };
