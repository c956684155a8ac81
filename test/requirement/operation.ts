import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about running a server: its data, command, start, tunnel and packages. */
export const operationRequirements = {
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
  'store.original': {
    promise: 'A sessions.json of the original system is taken over.',
    from: 'original API',
  },
  'store.private': { promise: 'Files of the data folder are readable by their owner alone.', from: 'safety' },
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
  'cli.package': {
    promise: 'The package installs from its tarball, with few packages, and works.',
    from: 'contract',
  },
  'cli.server': {
    promise: 'The command finds the server of this machine by itself, and nobody else can.',
    from: 'safety',
  },
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
