/**
 * Where a promise comes from: the API of the system that this one follows, our own HTTP contract, what the
 * CLI was seen to do, what users of other products complain about, safety, or how the project is kept.
 */
type Origin = 'original API' | 'contract' | 'behaviour of the CLI' | 'complaints about peers' | 'safety' | 'upkeep';

/** A promise of the product, in one sentence. */
type Requirement = { promise: string; from: Origin };

/** What Switchboard promises. Tests cite the ids; a promise without a test fails the run. */
export const requirements = {
  'chat.json': { promise: 'A message is answered with what claude said, its session, cost and turns.', from: 'original API' },
  'chat.events': { promise: 'With Accept: text/event-stream the events of the turn come as they happen, the answer last.', from: 'contract' },
  'chat.text': { promise: 'With Accept: text/plain the bare text comes as it is written.', from: 'contract' },
  'chat.failed': { promise: 'A turn that failed never answers 200.', from: 'contract' },
  'chat.compat': { promise: 'Clients of the original API work unchanged.', from: 'original API' },
  'chat.bytes': { promise: 'A message reaches the model byte for byte, whatever is in it.', from: 'behaviour of the CLI' },
  'chat.session': { promise: 'A session begun elsewhere can be continued by its id, in its own folder.', from: 'original API' },
  'chat.hangup': {
    promise: 'A caller that hangs up changes nothing: the turn goes on and its answer is in the history.',
    from: 'complaints about peers',
  },
  'chat.idempotent': { promise: 'The same Idempotency-Key gives the same turn, at any time and to two callers at once.', from: 'contract' },
  'command.run': { promise: 'A message that begins with / is a command, and literal: true sends it as text.', from: 'behaviour of the CLI' },
  'command.clear': { promise: '/clear begins a new session, and the conversation follows it.', from: 'behaviour of the CLI' },
  'command.refused': { promise: 'Commands that make no sense here are refused with words.', from: 'behaviour of the CLI' },
  'turn.accept': { promise: 'A message can be accepted with 202 and its turn be waited for.', from: 'contract' },
  'turn.cancel': {
    promise: 'Stop ends the turn and all its processes, keeps what was written, and the conversation goes on.',
    from: 'complaints about peers',
  },
  'turn.timeout': { promise: 'A turn that runs out of time answers 504 and leaves no process.', from: 'contract' },
  'turn.order': { promise: 'Turns of one conversation and of one session run strictly one after the other.', from: 'complaints about peers' },
  'turn.parallel': { promise: 'Turns of different conversations run side by side, up to MAX_CONCURRENT_TURNS.', from: 'contract' },
  'turn.limit': { promise: 'A full queue refuses with 429 and loses nothing.', from: 'contract' },
  'agent.options': { promise: 'Permission mode, tools, model and extra arguments come from settings and conversation.', from: 'contract' },
  'agent.preapproved': { promise: 'Edits and git are pre-approved by default; other commands are not.', from: 'original API' },
  'agent.ends': { promise: 'Every way in which the CLI can end is told by its own code with its cure.', from: 'behaviour of the CLI' },
  'agent.subagents': { promise: 'A turn with background sub-agents is answered with the result that uses their work.', from: 'behaviour of the CLI' },
  'agent.shells': { promise: 'A background shell does not hold an answer back or take its place.', from: 'behaviour of the CLI' },
  'agent.old': { promise: 'A plain turn works on Claude Code 2.1.197 too.', from: 'behaviour of the CLI' },
  'agent.one-writer': { promise: 'A session that is open in another program is not resumed beside it.', from: 'complaints about peers' },
  'agent.located': {
    promise: 'claude is CLAUDE_BIN, else on PATH, else in node_modules; status says which, and whether it is signed in.',
    from: 'contract',
  },
  'crash.once': { promise: 'After kill -9 at any point no accepted message is lost and none is run twice.', from: 'complaints about peers' },
  'crash.interrupted': {
    promise: 'The turn that was running is interrupted, with what it had produced, and its processes are ended.',
    from: 'complaints about peers',
  },
  'stop.clean': {
    promise: 'A server that is told to stop takes no more turns, lets running ones end, and leaves no process.',
    from: 'complaints about peers',
  },
  'store.lock': { promise: 'One data folder has one server; the second names the pid of the first.', from: 'safety' },
  'store.damaged': { promise: 'A damaged sessions.json is kept aside and the last good copy is used.', from: 'upkeep' },
  'store.disk': { promise: 'A full or read-only disk answers 503, loses nothing that was accepted, and heals.', from: 'complaints about peers' },
  'store.original': { promise: 'A sessions.json of the original system is taken over.', from: 'original API' },
  'store.private': { promise: 'Files of the data folder are readable by their owner alone.', from: 'safety' },
  'history.chain': { promise: 'History follows the conversation, not the order of the file.', from: 'behaviour of the CLI' },
  'history.page': {
    promise: 'History comes newest page first, at most 256 KB, whatever the size of the transcript.',
    from: 'complaints about peers',
  },
  'events.replay': { promise: 'A reader that comes back gets what it missed, each event once, across restarts.', from: 'complaints about peers' },
  'health.fast': { promise: '/health answers at once whatever runs.', from: 'original API' },
  'errors.table': { promise: 'Every error is one row of the table, as application/problem+json.', from: 'contract' },
  'conversations.manage': { promise: 'Conversations can be listed, created, read, changed and deleted.', from: 'contract' },
  'access.exposure': { promise: 'A public HOST or a tunnel without a password of your own is refused at start.', from: 'safety' },
  'access.password': { promise: 'Without a password in the settings one is made once and kept with mode 0600.', from: 'safety' },
  'access.ways': {
    promise: 'Basic, a cookie and Bearer tokens open the API; cookies and tokens are listed and revocable.',
    from: 'safety',
  },
  'access.limit': { promise: 'Wrong passwords are limited per address and in all; a right one elsewhere still opens.', from: 'safety' },
  'access.tunnel-address': { promise: 'X-Forwarded-For counts only from the tunnel that the server opened.', from: 'safety' },
  'guard.foreign-page': {
    promise: 'A foreign web page can do nothing: Host, Origin, Sec-Fetch-Site and content type are checked.',
    from: 'safety',
  },
  'guard.headers': { promise: 'Every answer has the security headers, and the page a strict CSP.', from: 'safety' },
  'guard.secrets': { promise: "Switchboard's own secrets never reach an agent, an error or a log line.", from: 'safety' },
  'guard.projects': { promise: 'An agent works only in existing folders under PROJECT_ROOTS, links resolved first.', from: 'safety' },
  'page.use': { promise: 'On a phone one signs in, picks or makes a conversation, reads, writes and stops.', from: 'original API' },
  'page.recovers': { promise: 'The page comes to the right state after a lost server, a reload and a lost answer.', from: 'complaints about peers' },
  'page.small': { promise: 'The page weighs at most 30 KB gzip and fits 390 px.', from: 'complaints about peers' },
  'tunnel.kept': { promise: 'The tunnel comes back after a lost connection, and status shows its address.', from: 'contract' },
  'tunnel.words': { promise: 'What is wrong with the tunnel is said in words.', from: 'contract' },
  'start.words': { promise: 'The start prints the address, the project, how to sign in, and whether claude is there.', from: 'contract' },
  'demo.works': { promise: 'npm run demo shows the whole product without an account.', from: 'contract' },
  'docs.generated': { promise: 'The reference pages, .env.example and the OpenAPI document are what the tables say.', from: 'upkeep' },
} as const satisfies Record<string, Requirement>;

export type RequirementId = keyof typeof requirements;
