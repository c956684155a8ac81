/**
 * Where a promise comes from: the API of the system that this one follows, our own HTTP contract, what the
 * CLI was seen to do, what users of other products complain about, safety, or how the project is kept.
 */
type Origin =
  | 'original API'
  | 'contract'
  | 'behaviour of the CLI'
  | 'complaints about peers'
  | 'safety'
  | 'upkeep';

/** A promise of the product, in one sentence. */
type Requirement = { promise: string; from: Origin };

/** What Switchboard promises. Tests cite the ids; a promise without a test fails the run. */
export const requirements = {
  'chat.json': {
    promise: 'A message is answered with what claude said, its session, cost and turns.',
    from: 'original API',
  },
  'chat.events': {
    promise: 'With Accept: text/event-stream the events of the turn come as they happen, the answer last.',
    from: 'contract',
  },
  'chat.text': { promise: 'With Accept: text/plain the bare text comes as it is written.', from: 'contract' },
  'chat.failed': { promise: 'A turn that failed never answers 200.', from: 'contract' },
  'chat.compat': { promise: 'Clients of the original API work unchanged.', from: 'original API' },
  'chat.bytes': {
    promise: 'A message reaches the model byte for byte, whatever is in it.',
    from: 'behaviour of the CLI',
  },
  'chat.session': {
    promise: 'A session begun elsewhere can be continued by its id, in its own folder.',
    from: 'original API',
  },
  'chat.hangup': {
    promise: 'A caller that hangs up changes nothing: the turn goes on and its answer is in the history.',
    from: 'complaints about peers',
  },
  'chat.idempotent': {
    promise: 'The same Idempotency-Key gives the same turn, at any time and to two callers at once.',
    from: 'contract',
  },
  'command.run': {
    promise: 'A message that begins with / is a command, and literal: true sends it as text.',
    from: 'behaviour of the CLI',
  },
  'command.clear': {
    promise: '/clear begins a new session, and the conversation follows it.',
    from: 'behaviour of the CLI',
  },
  'command.refused': {
    promise: 'Commands that make no sense here are refused with words.',
    from: 'behaviour of the CLI',
  },
  'access.all-ends': {
    promise: 'What was revoked, or hung on a password that has changed, ends at once, whatever opened it.',
    from: 'safety',
  },
  'access.strong': {
    promise:
      'A server that can be reached from outside does not start with a password that is easily guessed.',
    from: 'safety',
  },
  'http.strangers': {
    promise: 'Connections without credentials are bounded, and late ones give their descriptors back.',
    from: 'safety',
  },
  'http.upgrade': {
    promise: 'A wish for another protocol is ignored; the request is answered as any other.',
    from: 'contract',
  },
  'push.addresses': {
    promise: 'Nothing is posted to this machine or into a private network unless that is allowed.',
    from: 'safety',
  },
  'share.own': {
    promise: 'Only another app of the device shares something into a conversation, never a web page.',
    from: 'safety',
  },
  'terminal.text': {
    promise: 'Whatever a text holds, a terminal takes it as text: no control character but newline and tab.',
    from: 'safety',
  },
  'input.bounded': {
    promise: 'JSON that is nested too deeply or holds too much is refused before anything works on it.',
    from: 'safety',
  },
  'input.text': {
    promise: 'Whatever text comes in, every answer and event is JSON that strict parsers accept.',
    from: 'contract',
  },
  'input.place': {
    promise: 'A field in the wrong part of a request is counted or refused, never ignored.',
    from: 'contract',
  },
  'turn.accept': {
    promise: 'A message can be accepted with 202 and its turn be waited for.',
    from: 'contract',
  },
  'turn.cancel': {
    promise:
      'Stop ends the turn and all its processes, keeps what was written, and the conversation goes on.',
    from: 'complaints about peers',
  },
  'turn.timeout': {
    promise: 'A turn that runs out of time answers 504 and leaves no process.',
    from: 'contract',
  },
  'turn.order': {
    promise: 'Turns of one conversation and of one session run strictly one after the other.',
    from: 'complaints about peers',
  },
  'turn.parallel': {
    promise: 'Turns of different conversations run side by side, up to MAX_CONCURRENT_TURNS.',
    from: 'contract',
  },
  'turn.limit': { promise: 'A full queue refuses with 429 and loses nothing.', from: 'contract' },
  'agent.options': {
    promise: 'Permission mode, tools, model and extra arguments come from settings and conversation.',
    from: 'contract',
  },
  'agent.preapproved': {
    promise: 'Edits and git are pre-approved by default; other commands are not.',
    from: 'original API',
  },
  'agent.ends': {
    promise: 'Every way in which the CLI can end is told by its own code with its cure.',
    from: 'behaviour of the CLI',
  },
  'agent.kept': {
    promise:
      'A turn says if the agent could not keep it; the next message continues with what there is, and is never refused for that.',
    from: 'safety',
  },
  'agent.subagents': {
    promise: 'A turn with background sub-agents is answered with the result that uses their work.',
    from: 'behaviour of the CLI',
  },
  'agent.shells': {
    promise: 'A background shell does not hold an answer back or take its place.',
    from: 'behaviour of the CLI',
  },
  'agent.old': { promise: 'A plain turn works on Claude Code 2.1.197 too.', from: 'behaviour of the CLI' },
  'agent.one-writer': {
    promise: 'A session that is open in another program is not resumed beside it.',
    from: 'complaints about peers',
  },
  'agent.located': {
    promise:
      'claude is CLAUDE_BIN, else on PATH, else in node_modules; status says which, and whether it is signed in.',
    from: 'contract',
  },
  'crash.once': {
    promise: 'After kill -9 at any point no accepted message is lost and none is run twice.',
    from: 'complaints about peers',
  },
  'crash.interrupted': {
    promise:
      'The turn that was running is interrupted, with what it had produced, and its processes are ended.',
    from: 'complaints about peers',
  },
  'stop.clean': {
    promise:
      'A server that is told to stop takes no more turns, lets running ones end, and leaves no process.',
    from: 'complaints about peers',
  },
  'store.lock': {
    promise: 'One data folder has one server; the second names the pid of the first.',
    from: 'safety',
  },
  'store.loss': {
    promise:
      'A journal that was cut, damaged, removed or replaced is noticed, and said; what is left of it is kept.',
    from: 'safety',
  },
  'store.gone': {
    promise:
      'Nothing is acknowledged once the journal was removed, replaced or overwritten while the server runs.',
    from: 'safety',
  },
  'store.newer': {
    promise: 'A journal of a newer version is left as it is; what does not need it works.',
    from: 'upkeep',
  },
  'store.repair': {
    promise: 'What can be read of a damaged journal is taken over by a command; the old one is kept.',
    from: 'upkeep',
  },
  'store.damaged': {
    promise: 'A damaged sessions.json is kept aside and the last good copy is used.',
    from: 'upkeep',
  },
  'store.files': {
    promise:
      'A file of the data folder that can be made again never stops a start; what is lost with it is said.',
    from: 'upkeep',
  },
  'store.disk': {
    promise: 'A full or read-only disk answers 503, loses nothing that was accepted, and heals.',
    from: 'complaints about peers',
  },
  'live.same': {
    promise: 'A live process and a run of its own give the same answers and the same history.',
    from: 'contract',
  },
  'live.kept': {
    promise: 'At most LIVE_PROCESSES are kept, each for one session; the least recently used goes first.',
    from: 'contract',
  },
  'live.idle': {
    promise: 'A live process is closed after LIVE_IDLE_S, never in mid turn.',
    from: 'contract',
  },
  'live.dead': {
    promise: 'A live process that dies fails its turn with the text so far; the next message starts another.',
    from: 'complaints about peers',
  },
  'live.settings': {
    promise: 'Mode, model and effort change in mid conversation, in the same session; nonsense is refused.',
    from: 'complaints about peers',
  },
  'live.cancel': {
    promise: 'A cancel ends the tools, keeps the process, the partial text and the queue.',
    from: 'complaints about peers',
  },
  'live.foreign': {
    promise: 'A live process never answers without what a terminal added to its session.',
    from: 'complaints about peers',
  },
  'live.login': {
    promise: 'A process that was told 401 is not kept, so that a renewed login is used.',
    from: 'complaints about peers',
  },
  'live.stall': {
    promise: 'An agent that says nothing for STALL_S is ended with a code of its own.',
    from: 'contract',
  },
  'live.background': {
    promise:
      'Background work is shown with its last lines, keeps its process, can be stopped, and is never called done when it was killed.',
    from: 'complaints about peers',
  },
  'live.own-turn': {
    promise: 'What background work causes later is a turn of its own.',
    from: 'behaviour of the CLI',
  },
  'prompt.answer': {
    promise: 'A permission is allowed, changed, denied with words, or denied and stopped, from anywhere.',
    from: 'contract',
  },
  'prompt.several': {
    promise: 'All prompts of all conversations are there at once, those of sub-agents too.',
    from: 'complaints about peers',
  },
  'prompt.question': {
    promise: 'Questions take one, several or own answers, in every mode that asks.',
    from: 'complaints about peers',
  },
  'prompt.plan': {
    promise: 'A plan is accepted with the mode to go on in, or sent back with words.',
    from: 'complaints about peers',
  },
  'prompt.waits': {
    promise:
      'A prompt waits without a limit; PROMPT_TIMEOUT_S says that nobody was there, not that it was refused.',
    from: 'complaints about peers',
  },
  'prompt.once': {
    promise: 'The same answer again is fine, another is 409, to a withdrawn prompt 410.',
    from: 'complaints about peers',
  },
  'prompt.restart': {
    promise: 'Prompts that were open when the server ended are closed as such, and the turn says so.',
    from: 'complaints about peers',
  },
  'prompt.rules': {
    promise:
      'What is remembered covers no more than it says, compound commands part by part; rules can be revoked.',
    from: 'safety',
  },
  'prompt.offers': {
    promise: 'No rule is offered that would allow anything; one that is made by API is marked.',
    from: 'safety',
  },
  'prompt.obeyed': {
    promise:
      'No rule for a file or folder covers what the agent, git, an editor or a shell obeys, nor what a link leads to outside.',
    from: 'safety',
  },
  'prompt.shown': {
    promise:
      'Whoever approves sees every field and value first, marks for hidden characters, and opens what is cut before Allow works.',
    from: 'safety',
  },
  'prompt.told': {
    promise: 'What a person denied is told as denied, and no duration counts their time.',
    from: 'complaints about peers',
  },
  'prompt.risks': { promise: 'A prompt says in plain words why it looks risky.', from: 'safety' },
  'prompt.audit': { promise: 'Who decided what, when and from where is on disk.', from: 'safety' },
  'events.reset': {
    promise: 'A cursor from before what is kept gets how things stand in place of a hole.',
    from: 'contract',
  },
  'events.poll': {
    promise: 'Events come as JSON long poll with the same ids.',
    from: 'complaints about peers',
  },
  'events.snapshot': {
    promise: 'A snapshot and the events after its cursor give what a later snapshot says.',
    from: 'contract',
  },
  'events.cut': {
    promise: 'Readers that are cut off at any byte end with every event once and the whole text.',
    from: 'complaints about peers',
  },
  'queue.manage': {
    promise: 'What waits can be changed, taken back and put first, on disk, and again without harm.',
    from: 'contract',
  },
  'queue.steer': {
    promise: 'A message is given to the running turn at its next step, also while only its sub-agents run.',
    from: 'contract',
  },
  'queue.interrupt': { promise: 'A message can stop the running turn and go next.', from: 'contract' },
  'queue.pause': {
    promise: 'With PAUSE_QUEUE_ON_CANCEL a cancel keeps what waits from starting until the next message.',
    from: 'contract',
  },
  'attachment.model': {
    promise: 'Images, PDFs and texts reach the model as blocks, other files the project.',
    from: 'contract',
  },
  'attachment.bad': {
    promise: 'An attachment that lies, is too large or has no plain name is refused by its name.',
    from: 'contract',
  },
  'fork.make': {
    promise: 'A fork has the conversation whole or up to a turn; the old one is untouched.',
    from: 'contract',
  },
  'budget.limit': {
    promise: 'A budget is shown from 80 % on, holds a running turn at its next step, and refuses the next.',
    from: 'contract',
  },
  'export.whole': {
    promise: 'A conversation of any size comes as Markdown or JSON, nothing clipped.',
    from: 'contract',
  },
  'structured.output': { promise: 'A JSON Schema in the request gives structured_output.', from: 'contract' },
  'metrics.figures': {
    promise: '/metrics has the figures for Prometheus, for who has credentials.',
    from: 'contract',
  },
  'store.original': {
    promise: 'A sessions.json of the original system is taken over.',
    from: 'original API',
  },
  'store.private': { promise: 'Files of the data folder are readable by their owner alone.', from: 'safety' },
  'history.chain': {
    promise: 'History follows the conversation, not the order of the file.',
    from: 'behaviour of the CLI',
  },
  'history.page': {
    promise: 'History comes newest page first, at most 256 KB, whatever the size of the transcript.',
    from: 'complaints about peers',
  },
  'events.replay': {
    promise: 'A reader that comes back gets what it missed, each event once, across restarts.',
    from: 'complaints about peers',
  },
  'health.fast': { promise: '/health answers at once whatever runs.', from: 'original API' },
  'errors.table': {
    promise: 'Every error is one row of the table, as application/problem+json.',
    from: 'contract',
  },
  'conversations.manage': {
    promise: 'Conversations can be listed, created, read, changed and deleted.',
    from: 'contract',
  },
  'access.exposure': {
    promise: 'A public HOST or a tunnel without a password of your own is refused at start.',
    from: 'safety',
  },
  'access.password': {
    promise: 'Without a password in the settings one is made once and kept with mode 0600.',
    from: 'safety',
  },
  'access.ways': {
    promise: 'Basic, a cookie and Bearer tokens open the API; cookies and tokens are listed and revocable.',
    from: 'safety',
  },
  'access.limit': {
    promise: 'Wrong passwords are limited per address and in all; a right one elsewhere still opens.',
    from: 'safety',
  },
  'access.tunnel-address': {
    promise: 'X-Forwarded-For counts only from the tunnel that the server opened.',
    from: 'safety',
  },
  'guard.foreign-page': {
    promise: 'A foreign web page can do nothing: Host, Origin, Sec-Fetch-Site and content type are checked.',
    from: 'safety',
  },
  'guard.headers': {
    promise: 'Every answer has the security headers, and the page a strict CSP.',
    from: 'safety',
  },
  'guard.secrets': {
    promise: "Switchboard's own secrets never reach an agent, an error or a log line.",
    from: 'safety',
  },
  'guard.projects': {
    promise: 'An agent works only in existing folders under PROJECT_ROOTS, links resolved first.',
    from: 'safety',
  },
  'page.use': {
    promise: 'On a phone one signs in, picks or makes a conversation, reads, writes and stops.',
    from: 'original API',
  },
  'page.prompts': {
    promise: 'Permissions, questions and plans are shown and answered on the page.',
    from: 'complaints about peers',
  },
  'page.recovers': {
    promise: 'The page comes to the right state after a lost server, a reload and a lost answer.',
    from: 'complaints about peers',
  },
  'page.small': {
    promise:
      'The page weighs at most 60 KB gzip at first, has its first screen in its HTML, and fits 320 px.',
    from: 'complaints about peers',
  },
  'page.find': {
    promise: 'Conversations are found, made, renamed, pinned, archived, forked and deleted on the page.',
    from: 'original API',
  },
  'page.keys': { promise: 'All of the page is used by the keyboard.', from: 'complaints about peers' },
  'page.compose': {
    promise: 'Drafts are kept; commands and files are completed; files go along.',
    from: 'complaints about peers',
  },
  'page.delivery': {
    promise:
      'A message is kept on the phone until the server has it, goes there once and in order, also after the page was closed.',
    from: 'complaints about peers',
  },
  'page.offline': {
    promise: 'Without a connection the page opens, and the last conversations can be read.',
    from: 'complaints about peers',
  },
  'page.safe': {
    promise: 'Nothing that a model, a tool, a file or a person says becomes markup or script.',
    from: 'safety',
  },
  'page.access': {
    promise: 'Every screen passes axe, in light and dark, at each size, in each language.',
    from: 'complaints about peers',
  },
  'page.settings': {
    promise: 'Look, devices, rules, audit, pairing and the state of the server are on the page.',
    from: 'complaints about peers',
  },
  'page.long': {
    promise: 'A conversation of 12,000 messages opens at once and stays smooth.',
    from: 'complaints about peers',
  },
  'page.logic': {
    promise: 'What the page makes of events, Markdown, diffs and outboxes is right for every order and cut.',
    from: 'upkeep',
  },
  'cli.talk': {
    promise: 'The command sends, streams, waits and reads, for a person and for a script.',
    from: 'contract',
  },
  'cli.pick': {
    promise: 'A session is picked at a terminal by some of its letters, with a preview.',
    from: 'contract',
  },
  'cli.codes': {
    promise: 'Exit codes and both outputs are what scripts rely on; bad input is told with its cure.',
    from: 'contract',
  },
  'cli.output': {
    promise:
      'The command writes all of its output or fails, sends all of its input, and protects the terminal.',
    from: 'contract',
  },
  'cli.find': { promise: 'The command finds sessions, and what was said in them.', from: 'contract' },
  'terminal.open': {
    promise:
      'Claude Code is started, resumed, typed into, read and ended in a terminal, or it is said why not.',
    from: 'contract',
  },
  'terminal.asks': {
    promise: 'A terminal asks for permissions unless told otherwise, and nothing is typed into a question.',
    from: 'safety',
  },
  'terminal.live': {
    promise: 'A terminal is followed and typed into live, by who has a ticket and comes from our own page.',
    from: 'contract',
  },
  'terminal.prompts': {
    promise:
      'What a terminal asks is among the prompts and can be answered there or at the terminal: whoever is first.',
    from: 'contract',
  },
  'terminal.messages': {
    promise:
      'Messages for a session that is open at the desk wait for its end there, or are typed into it, as chosen.',
    from: 'contract',
  },
  'terminal.handover': {
    promise:
      'Between phone and desk nothing that was said is lost, however often it changes and wherever the terminal is killed.',
    from: 'contract',
  },
  'session.repair': {
    promise:
      'It is said what a resume would lose, and it is mended in a copy that the CLI goes on with; the original is kept.',
    from: 'contract',
  },
  'archive.reason': {
    promise:
      'Every session that was started here has a record, by whatever door, and a reason within seconds of its end.',
    from: 'contract',
  },
  'archive.record': {
    promise: 'A label or hiding ends no record and makes none; logs are bounded.',
    from: 'contract',
  },
  'terminal.writer': {
    promise:
      'A terminal and a turn never write to one session at a time; what was said in either is in both.',
    from: 'safety',
  },
  'undo.turn': {
    promise: 'What a turn did to the files of a git project can be seen, undone, and done again.',
    from: 'complaints about peers',
  },
  'undo.refused': {
    promise: 'An undo never overwrites what came later, and never keeps a turn from running.',
    from: 'safety',
  },
  'undo.hostile': {
    promise:
      'A project can make the server run no program, and read, write or remove nothing outside its real folder.',
    from: 'safety',
  },
  'cli.package': {
    promise: 'The package installs from its tarball, with few packages, and works.',
    from: 'contract',
  },
  'cli.server': {
    promise: 'The command finds the server of this machine by itself, and nobody else can.',
    from: 'safety',
  },
  'page.sessions': {
    promise: 'The sessions of the machine are found, read and gone on with on the page.',
    from: 'complaints about peers',
  },
  'session.list': {
    promise:
      'Every session of the machine, begun by whatever program in whatever project, is listed with what it is about.',
    from: 'complaints about peers',
  },
  'session.states': {
    promise: 'A session is live only while its very process is; what it waits for is said.',
    from: 'complaints about peers',
  },
  'session.junk': {
    promise: 'No file, however broken, breaks a list; what is wrong with it stands on its row.',
    from: 'complaints about peers',
  },
  'session.find': {
    promise: 'A session is found by the beginning of its id; one that fits several is answered with them.',
    from: 'contract',
  },
  'session.index': {
    promise: 'The index follows what is written, reads only what is new, and can be deleted.',
    from: 'contract',
  },
  'safe.time': {
    promise: 'Nothing that a model, a page or a file can write costs more than linear time.',
    from: 'safety',
  },
  'session.search': {
    promise: 'Words, phrases, prefixes and parts of identifiers are found, with the place where they stand.',
    from: 'contract',
  },
  'session.continue': {
    promise: 'Any session becomes a conversation, in its own folder, with its whole history.',
    from: 'contract',
  },
  'session.diagnose': {
    promise: 'What a session did last, why it ended and what to do is told.',
    from: 'complaints about peers',
  },
  'session.typed': { promise: 'What was typed at the desk can be found.', from: 'contract' },
  'push.web': {
    promise:
      'A push says what is wanted, goes out once, is answered from the notification, and is withdrawn when answered.',
    from: 'complaints about peers',
  },
  'push.channels': {
    promise: 'The same goes to ntfy and signed webhooks, never into a private network unasked.',
    from: 'complaints about peers',
  },
  'push.policy': {
    promise: 'No push for what a visible page has shown, for what nobody wanted, or in quiet hours.',
    from: 'complaints about peers',
  },
  'access.pairing': { promise: 'A link signs one device in, once, within five minutes.', from: 'safety' },
  'tunnel.kept': {
    promise: 'The tunnel comes back after a lost connection, and status shows its address.',
    from: 'contract',
  },
  'tunnel.words': { promise: 'What is wrong with the tunnel is said in words.', from: 'contract' },
  'start.words': {
    promise: 'The start prints the address, the project, how to sign in, and whether claude is there.',
    from: 'contract',
  },
  'demo.works': { promise: 'npm run demo shows the whole product without an account.', from: 'contract' },
  'machine.exhausted': {
    promise:
      'Without free descriptors, processes or memory a message waits, its sender is told so, and the server lives.',
    from: 'safety',
  },
  'machine.contained': {
    promise: 'An unexpected fault fails the one thing it happened in, and never the server.',
    from: 'safety',
  },
  'machine.asleep': {
    promise: 'Time in which the machine slept counts as nobody’s silence.',
    from: 'safety',
  },
  'docs.examples': { promise: 'The examples of the documentation do what it says.', from: 'upkeep' },
  'docs.generated': {
    promise: 'The reference pages, .env.example and the OpenAPI document are what the tables say.',
    from: 'upkeep',
  },
} as const satisfies Record<string, Requirement>;

export type RequirementId = keyof typeof requirements;
