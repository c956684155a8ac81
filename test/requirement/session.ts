import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about sessions, terminals and session records. */
export const sessionRequirements = {
  'terminal.text': {
    promise: 'A terminal receives any text as text: no control characters except newline and tab.',
    from: 'safety',
  },
  'terminal.open': {
    promise:
      'Claude Code is started, resumed, typed into, read and closed in a terminal, or the reason is reported.',
    from: 'contract',
  },
  'terminal.asks': {
    promise:
      'A terminal asks for permissions unless configured otherwise, and nothing is typed into a question.',
    from: 'safety',
  },
  'terminal.live': {
    promise: 'A live terminal can be used only with a ticket and from our own page.',
    from: 'contract',
  },
  'terminal.prompts': {
    promise:
      'Prompts of a terminal are listed with the others, and the first answer counts, there or in the terminal.',
    from: 'contract',
  },
  'terminal.messages': {
    promise: 'Messages for a session in a terminal wait until it is closed, or are typed into it, as chosen.',
    from: 'contract',
  },
  'terminal.handover': {
    promise:
      'No message is lost between phone and terminal, however often the session moves and whenever the terminal is killed.',
    from: 'contract',
  },
  'session.repair': {
    promise:
      'Losses by a resume are reported, and repaired in a copy that the CLI continues; the original is kept.',
    from: 'contract',
  },
  'archive.reason': {
    promise: 'Every session that Switchboard started has a record, and a reason within seconds of its end.',
    from: 'contract',
  },
  'archive.record': {
    promise: 'Labelling or hiding a record neither ends nor creates one; logs are limited.',
    from: 'contract',
  },
  'terminal.writer': {
    promise: 'A terminal and a turn never write to a session at the same time; both see all messages.',
    from: 'safety',
  },
  'session.list': {
    promise: 'Every session of the machine, of any program and project, is listed with its subject.',
    from: 'complaints about peers',
  },
  'session.states': {
    promise: 'A session is live only while its recorded process runs; its state is reported.',
    from: 'complaints about peers',
  },
  'session.junk': {
    promise: 'No damaged file breaks a list; its row names the problem.',
    from: 'complaints about peers',
  },
  'session.find': {
    promise: 'A session is found by an id prefix; an ambiguous prefix returns the candidates.',
    from: 'contract',
  },
  'session.index': {
    promise: 'The index follows changes, reads only new text, and can be deleted.',
    from: 'contract',
  },
  'session.search': {
    promise: 'Words, phrases, prefixes and parts of identifiers are found, with their place.',
    from: 'contract',
  },
  'session.continue': {
    promise: 'Any session becomes a conversation, in its own folder, with its whole history.',
    from: 'contract',
  },
  'session.diagnose': {
    promise: 'The last activity of a session, why it ended and what to do are reported.',
    from: 'complaints about peers',
  },
  'session.typed': { promise: 'Prompts that were typed in a terminal can be found.', from: 'contract' },
} as const satisfies Record<string, Requirement>;
