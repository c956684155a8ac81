import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about the page and its notifications. */
export const pageRequirements = {
  'push.addresses': {
    promise: 'Nothing is posted to this machine or a private network unless that is allowed.',
    from: 'safety',
  },
  'page.use': {
    promise: 'On a phone, a person can sign in, pick or create a conversation, read, write and stop.',
    from: 'original API',
  },
  'page.prompts': {
    promise: 'Permissions, questions and plans are shown and answered on the page.',
    from: 'complaints about peers',
  },
  'page.recovers': {
    promise: 'The page reaches the right state after a lost server, a reload and a lost answer.',
    from: 'complaints about peers',
  },
  'page.small': {
    promise:
      'The first load of the page has up to 60 KB (gzip) and its first screen in the HTML; it fits 320 px.',
    from: 'complaints about peers',
  },
  'page.find': {
    promise: 'Conversations are found, created, renamed, pinned, archived, forked and deleted on the page.',
    from: 'original API',
  },
  'page.keys': { promise: 'The whole page can be used with the keyboard.', from: 'complaints about peers' },
  'page.compose': {
    promise: 'Drafts are kept; commands and files are completed; files can be attached.',
    from: 'complaints about peers',
  },
  'page.delivery': {
    promise:
      'A message is kept on the phone until the server has it, and is sent once and in order, even after the page was closed.',
    from: 'complaints about peers',
  },
  'page.offline': {
    promise: 'Without a connection the page opens, and the last conversations can be read.',
    from: 'complaints about peers',
  },
  'page.safe': {
    promise: 'No text of a model, a tool, a file or a person becomes markup or script.',
    from: 'safety',
  },
  'page.access': {
    promise: 'Every screen passes axe, in light and dark, at each size, in each language.',
    from: 'complaints about peers',
  },
  'page.settings': {
    promise: 'Appearance, devices, rules, audit log, pairing and server status are on the page.',
    from: 'complaints about peers',
  },
  'page.long': {
    promise: 'A conversation of 12,000 messages opens immediately and stays smooth.',
    from: 'complaints about peers',
  },
  'page.logic': {
    promise:
      'The page handles events, Markdown, diffs and outboxes correctly in every order and with every cut.',
    from: 'upkeep',
  },
  'page.sessions': {
    promise: 'The sessions of the machine are found, read and continued on the page.',
    from: 'complaints about peers',
  },
  'push.web': {
    promise:
      'A push names the request, is sent once, can be answered from the notification, and is withdrawn when answered.',
    from: 'complaints about peers',
  },
  'push.channels': {
    promise: 'The same is sent to ntfy and signed webhooks, never to a private network by default.',
    from: 'complaints about peers',
  },
  'push.policy': {
    promise: 'No push for events that a visible page has shown, for unwanted kinds, or in quiet hours.',
    from: 'complaints about peers',
  },
} as const satisfies Record<string, Requirement>;
