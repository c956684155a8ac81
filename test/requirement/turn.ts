import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about turns: how they run, wait, stop and survive. */
export const turnRequirements = {
  'turn.accept': {
    promise: 'A message is accepted with 202, and a client can wait for its turn.',
    from: 'contract',
  },
  'turn.cancel': {
    promise: 'Stop ends the turn and all its processes and keeps the text; the conversation can continue.',
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
  'agent.contract': {
    promise: 'Every engine behind the agent port starts, streams, asks, stops, crashes and resumes alike.',
    from: 'upkeep',
  },
  'agent.options': {
    promise: 'Permission mode, tools, model and extra arguments come from settings and conversation.',
    from: 'contract',
  },
  'agent.preapproved': {
    promise: 'Edits and git are pre-approved by default; other commands are not.',
    from: 'original API',
  },
  'agent.ends': {
    promise: 'Every way in which the CLI can end has an error code with a fix.',
    from: 'behaviour of the CLI',
  },
  'agent.kept': {
    promise:
      'A turn reports if the agent could not store it; the next message continues with the rest, and is never refused for that.',
    from: 'safety',
  },
  'agent.subagents': {
    promise: 'A turn with background sub-agents is answered with the result that uses their work.',
    from: 'behaviour of the CLI',
  },
  'agent.shells': {
    promise: 'A background shell neither delays nor replaces an answer.',
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
      'The turn that was running is interrupted, with its partial output, and its processes are stopped.',
    from: 'complaints about peers',
  },
  'stop.clean': {
    promise: 'A server that stops accepts no turns, lets running ones finish, and leaves no process.',
    from: 'complaints about peers',
  },
  'live.same': {
    promise: 'A live process and a one-shot run give the same answers and the same history.',
    from: 'contract',
  },
  'live.kept': {
    promise: 'At most LIVE_PROCESSES are kept, each for one session; the least recently used goes first.',
    from: 'contract',
  },
  'live.idle': {
    promise: 'A live process is closed after LIVE_IDLE_S, never during a turn.',
    from: 'contract',
  },
  'live.dead': {
    promise: 'A live process that dies fails its turn with the text so far; the next message starts another.',
    from: 'complaints about peers',
  },
  'live.settings': {
    promise:
      'Mode, model and effort can change during a conversation, in the same session; invalid values are refused.',
    from: 'complaints about peers',
  },
  'live.cancel': {
    promise: 'A cancel ends the tools, keeps the process, the partial text and the queue.',
    from: 'complaints about peers',
  },
  'live.foreign': {
    promise: 'A live process always knows what a terminal added to its session.',
    from: 'complaints about peers',
  },
  'live.login': {
    promise: 'A process that got a 401 is not kept, so that a renewed login is used.',
    from: 'complaints about peers',
  },
  'live.stall': {
    promise: 'An agent without output for STALL_S is stopped with a separate error code.',
    from: 'contract',
  },
  'live.background': {
    promise:
      'Background work is shown with its last lines, keeps its process, can be stopped, and is never reported as completed if it was killed.',
    from: 'complaints about peers',
  },
  'live.own-turn': {
    promise: 'A reaction to background work is a separate turn.',
    from: 'behaviour of the CLI',
  },
  'queue.manage': {
    promise: 'Queued messages can be changed, withdrawn and promoted, on disk and repeatedly.',
    from: 'contract',
  },
  'queue.steer': {
    promise: 'A message reaches the running turn at its next step, also while only its sub-agents run.',
    from: 'contract',
  },
  'queue.interrupt': { promise: 'A message can stop the running turn and go next.', from: 'contract' },
  'queue.pause': {
    promise: 'With PAUSE_QUEUE_ON_CANCEL a cancel pauses the queue until the next message.',
    from: 'contract',
  },
  'attachment.model': {
    promise: 'Images, PDFs and texts reach the model as blocks; other files are saved in the project.',
    from: 'contract',
  },
  'attachment.bad': {
    promise: 'An attachment with a wrong type, size or name is refused, and named.',
    from: 'contract',
  },
  'fork.make': {
    promise: 'A fork has the whole conversation or all up to a turn; the original is unchanged.',
    from: 'contract',
  },
  'budget.limit': {
    promise:
      'A budget is shown from 80 % on, pauses a running turn at its next step, and refuses the next turn.',
    from: 'contract',
  },
  'undo.turn': {
    promise: 'Changes of a turn to the files of a git project can be seen, undone, and redone.',
    from: 'complaints about peers',
  },
  'undo.refused': {
    promise: 'An undo never overwrites later changes, and never prevents a turn.',
    from: 'safety',
  },
  'undo.hostile': {
    promise: 'A project cannot make the server run a program, or access anything outside its real folder.',
    from: 'safety',
  },
} as const satisfies Record<string, Requirement>;
