import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about the page and its notifications. */
export const pageRequirements = {
  'push.addresses': {
    promise: 'Nothing is posted to this machine or into a private network unless that is allowed.',
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
  'page.sessions': {
    promise: 'The sessions of the machine are found, read and gone on with on the page.',
    from: 'complaints about peers',
  },
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
} as const satisfies Record<string, Requirement>;
