import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about the HTTP API: messages, input, errors, events. */
export const apiRequirements = {
  'chat.json': {
    promise: 'A message is answered with the text of claude, its session, cost and turns.',
    from: 'original API',
  },
  'chat.events': {
    promise: 'With Accept: text/event-stream the events of the turn come as they happen, the answer last.',
    from: 'contract',
  },
  'chat.text': { promise: 'With Accept: text/plain the bare text is streamed.', from: 'contract' },
  'chat.failed': { promise: 'A failed turn never answers 200.', from: 'contract' },
  'chat.compat': { promise: 'Clients of the original API work unchanged.', from: 'original API' },
  'chat.bytes': {
    promise: 'A message reaches the model byte for byte, whatever is in it.',
    from: 'behaviour of the CLI',
  },
  'chat.session': {
    promise: 'A session that was started elsewhere can be continued by its id, in its own folder.',
    from: 'original API',
  },
  'chat.hangup': {
    promise: 'A caller that hangs up changes nothing: the turn continues and its answer is in the history.',
    from: 'complaints about peers',
  },
  'chat.idempotent': {
    promise: 'The same Idempotency-Key returns the same turn, at any time and to two callers at once.',
    from: 'contract',
  },
  'command.run': {
    promise: 'A message that begins with / is a command, and literal: true sends it as text.',
    from: 'behaviour of the CLI',
  },
  'command.clear': {
    promise: '/clear starts a new session, and the conversation follows it.',
    from: 'behaviour of the CLI',
  },
  'command.refused': {
    promise: 'Commands that need a terminal are refused with a reason.',
    from: 'behaviour of the CLI',
  },
  'http.strangers': {
    promise: 'Connections without credentials are limited, and slow ones release their descriptors.',
    from: 'safety',
  },
  'http.half-closed': {
    promise:
      'A client that closes its side of the connection after its request gets the whole answer; one that is gone is noticed, and holds no descriptor for long.',
    from: 'contract',
  },
  'http.upgrade': {
    promise: 'A protocol upgrade is ignored; the request is answered like any other.',
    from: 'contract',
  },
  'share.own': {
    promise: 'Only another app of the device shares something into a conversation, never a web page.',
    from: 'safety',
  },
  'input.bounded': {
    promise: 'JSON that is nested too deeply or too large is refused before it is processed.',
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
  'events.reset': {
    promise: 'A cursor that is too old gets the current state instead of a gap.',
    from: 'contract',
  },
  'events.poll': {
    promise: 'Events are available by JSON long poll with the same ids.',
    from: 'complaints about peers',
  },
  'events.snapshot': {
    promise: 'A snapshot and the events after its cursor result in the later snapshot.',
    from: 'contract',
  },
  'events.cut': {
    promise: 'Readers that are cut off at any byte get every event once and the whole text.',
    from: 'complaints about peers',
  },
  'export.whole': {
    promise: 'A conversation of any size is exported as Markdown or JSON, without truncation.',
    from: 'contract',
  },
  'structured.output': {
    promise: 'A JSON Schema in the request results in structured_output.',
    from: 'contract',
  },
  'metrics.figures': {
    promise: '/metrics returns metrics for Prometheus, only with credentials.',
    from: 'contract',
  },
  'history.chain': {
    promise: 'History follows the conversation, not the order of the file.',
    from: 'behaviour of the CLI',
  },
  'history.page': {
    promise: 'History comes newest page first, at most 256 KB, whatever the size of the transcript.',
    from: 'complaints about peers',
  },
  'events.replay': {
    promise: 'A reader that reconnects gets what it missed, each event once, across restarts.',
    from: 'complaints about peers',
  },
  'health.fast': { promise: '/health answers immediately, whatever runs.', from: 'original API' },
  'errors.table': {
    promise: 'Every error is one row of the table, as application/problem+json.',
    from: 'contract',
  },
  'conversations.manage': {
    promise: 'Conversations can be listed, created, read, changed and deleted.',
    from: 'contract',
  },
} as const satisfies Record<string, Requirement>;
