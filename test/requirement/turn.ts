import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about turns: how they run, wait, stop and survive. */
export const turnRequirements = {
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
} as const satisfies Record<string, Requirement>;
