import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about running a server: its data, command, start, tunnel and packages. */
export const operationRequirements = {
  'store.lock': {
    promise: 'One data folder has one server; the second names the pid of the first.',
    from: 'safety',
  },
  'store.loss': {
    promise:
      'A truncated, damaged, removed or replaced journal is noticed and reported; the rest of it is kept.',
    from: 'safety',
  },
  'store.gone': {
    promise:
      'Nothing is acknowledged once the journal was removed, replaced or overwritten while the server runs.',
    from: 'safety',
  },
  'store.newer': {
    promise: 'A journal of a newer version is not changed; everything that does not need it works.',
    from: 'upkeep',
  },
  'store.repair': {
    promise: 'A command copies the readable part of a damaged journal; the old one is kept.',
    from: 'upkeep',
  },
  'store.damaged': {
    promise: 'A damaged sessions.json is kept under another name, and the last good copy is used.',
    from: 'upkeep',
  },
  'store.files': {
    promise:
      'A file of the data folder that can be created again never prevents a start; losses are reported.',
    from: 'upkeep',
  },
  'store.disk': {
    promise: 'With a full or read-only disk the server answers 503, loses no accepted message, and recovers.',
    from: 'complaints about peers',
  },
  'store.original': {
    promise: 'A sessions.json of the original system is imported.',
    from: 'original API',
  },
  'store.private': { promise: 'Files of the data folder are readable only by their owner.', from: 'safety' },
  'cli.talk': {
    promise: 'The command sends, streams, waits and reads, for a person and for a script.',
    from: 'contract',
  },
  'cli.pick': {
    promise: 'A session can be picked in a terminal by some of its letters, with a preview.',
    from: 'contract',
  },
  'cli.codes': {
    promise: 'Exit codes and both outputs are reliable for scripts; bad input is reported with the fix.',
    from: 'contract',
  },
  'cli.output': {
    promise:
      'The command writes all of its output or fails, sends all of its input, and protects the terminal.',
    from: 'contract',
  },
  'cli.find': { promise: 'The command finds sessions, and text in them.', from: 'contract' },
  'cli.package': {
    promise: 'The package installs from its tarball, with few packages, and works.',
    from: 'contract',
  },
  'cli.server': {
    promise: 'The command finds the local server automatically, and only its user can.',
    from: 'safety',
  },
  'tunnel.kept': {
    promise: 'The tunnel comes back after a lost connection, and status shows its address.',
    from: 'contract',
  },
  'tunnel.words': { promise: 'Problems of the tunnel are explained.', from: 'contract' },
  'start.words': {
    promise: 'The start prints the address, the project, how to sign in, and whether claude was found.',
    from: 'contract',
  },
  'demo.works': { promise: 'npm run demo shows the whole product without an account.', from: 'contract' },
  'machine.exhausted': {
    promise:
      'Without free descriptors, processes or memory a message waits, its sender is notified, and the server survives.',
    from: 'safety',
  },
  'machine.contained': {
    promise: 'An unexpected error affects only the operation in which it happened, never the server.',
    from: 'safety',
  },
  'machine.asleep': {
    promise: 'Time in which the machine slept does not count as silence.',
    from: 'safety',
  },
  'docs.examples': { promise: 'The examples of the documentation do what it says.', from: 'upkeep' },
  'docs.generated': {
    promise: 'The reference pages, .env.example and the OpenAPI document match the tables.',
    from: 'upkeep',
  },
} as const satisfies Record<string, Requirement>;
