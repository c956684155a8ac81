import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about sessions, terminals and session records. */
export const sessionRequirements = {
  'terminal.text': {
    promise: 'Whatever a text holds, a terminal takes it as text: no control character but newline and tab.',
    from: 'safety',
  },
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
} as const satisfies Record<string, Requirement>;
