import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Holder, type Lease, SessionLeases } from '../../../../server/session/lease.ts';
import { verifies } from '../../../requirement/verifies.ts';

const holders: Holder[] = ['turn', 'run', 'live', 'terminal', 'repair'];
const sessions = ['s1', 's2', 's3'];

type Action =
  | { type: 'acquire' | 'try' | 'adopt'; session: string; holder: Holder; isForTurn: boolean }
  | { type: 'cancel' | 'release' | 'share'; index: number }
  | { type: 'rename'; index: number; to: string };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    type: fc.constantFrom('acquire' as const, 'try' as const, 'adopt' as const),
    session: fc.constantFrom(...sessions),
    holder: fc.constantFrom(...holders),
    isForTurn: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom('cancel' as const, 'release' as const, 'share' as const),
    index: fc.nat(40),
  }),
  fc.record({ type: fc.constant('rename' as const), index: fc.nat(40), to: fc.constantFrom(...sessions) }),
);

/** What one caller has: a lease, or a wait for one that can be cancelled. */
class Caller {
  readonly session: string;
  readonly holder: Holder;
  readonly isForTurn: boolean;
  readonly #controller = new AbortController();
  lease: Lease | null = null;
  isSettled = false;
  isReleased = false;

  constructor(
    leases: SessionLeases,
    { type, session, holder, isForTurn }: Extract<Action, { session: string }>,
  ) {
    this.session = session;
    this.holder = holder;
    this.isForTurn = isForTurn || holder === 'run';
    if (type !== 'acquire') {
      this.lease =
        type === 'try' ? leases.tryAcquire(session, holder, { isForTurn }) : leases.adopt(session, holder);
      this.isSettled = true;
      return;
    }
    leases.acquire(session, holder, { isForTurn, signal: this.#controller.signal }).then(
      (lease) => {
        this.lease = lease;
        this.isSettled = true;
      },
      () => {
        this.isSettled = true;
      },
    );
  }

  cancel(): void {
    this.#controller.abort();
  }

  release(): void {
    this.lease?.release();
    this.isReleased = true;
  }
}

const isProcess = ({ holder }: Caller) => holder !== 'turn';

/** The callers that have a session now, by what the leases themselves say. */
function holdersOf(callers: readonly Caller[], session: string): Caller[] {
  return callers.filter(({ lease }) => lease?.isHeld && lease.sessionId === session);
}

/** The callers that wait for a session, also those that were renamed into it. */
function waitersOf(callers: readonly Caller[], session: string): Caller[] {
  return callers.filter(({ session: asked, lease, isSettled, isReleased }) => {
    if (!lease) return !isSettled && asked === session;
    return !isReleased && !lease.isHeld && lease.sessionId === session;
  });
}

function perform(leases: SessionLeases, callers: Caller[], step: Action): void {
  if ('session' in step) {
    callers.push(new Caller(leases, step));
    return;
  }
  const caller = callers[step.index % Math.max(1, callers.length)];
  if (!caller) return;
  if (step.type === 'cancel') caller.cancel();
  else if (step.type === 'release') caller.release();
  else if (step.type === 'rename') caller.lease?.rename(step.to);
  else caller.lease?.share().release();
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

verifies(
  'agent.one-writer',
  'under any interleaving a session has at most one turn and one process, and waiters end',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (steps) => {
        const leases = new SessionLeases();
        const callers: Caller[] = [];
        for (const step of steps) {
          perform(leases, callers, step);
          await settle();
          for (const session of sessions) {
            const current = holdersOf(callers, session);
            expect(current.filter(isProcess).length).toBeLessThanOrEqual(1);
            expect(current.filter((caller) => !isProcess(caller)).length).toBeLessThanOrEqual(1);
            expect(leases.processOf(session)).toBe(current.find(isProcess)?.holder ?? null);
            expect(leases.hasTurn(session)).toBe(current.some((caller) => !isProcess(caller)));
            if (current.length === 0) expect(waitersOf(callers, session)).toEqual([]);
          }
        }
        for (const caller of callers) caller.release();
        for (let round = 0; round < callers.length + 1; round += 1) {
          await settle();
          for (const caller of callers) caller.release();
        }
        expect(callers.every(({ isSettled }) => isSettled)).toBe(true);
        for (const session of sessions)
          for (const holder of holders) expect(leases.isFree(session, holder)).toBe(true);
      }),
      { numRuns: 500 },
    );
  },
);

test('a terminal that waits gets the session before turns that come later', async () => {
  const leases = new SessionLeases();
  const turn = leases.tryAcquire('s1', 'turn');
  const terminal = leases.acquire('s1', 'terminal');
  expect(leases.isForTerminal('s1')).toBe(true);
  const later = leases.acquire('s1', 'turn');
  // The process of the turn that has the session is not in its own way.
  const run = await leases.acquire('s1', 'run');
  run.release();
  turn?.release();
  const opened = await terminal;
  expect(leases.processOf('s1')).toBe('terminal');
  // A turn is typed into the terminal, which keeps the session.
  const typed = await later;
  expect(opened.isHeld && typed.isHeld).toBe(true);
});

test('a live process is the process of the turns that follow, and no other one starts beside it', () => {
  const leases = new SessionLeases();
  const live = leases.tryAcquire('s1', 'live');
  const turn = leases.tryAcquire('s1', 'turn');
  expect(turn?.isHeld).toBe(true);
  expect(leases.tryAcquire('s1', 'run')).toBeNull();
  expect(leases.tryAcquire('s1', 'repair')).toBeNull();
  expect(leases.tryAcquire('s1', 'live')).toBeNull();
  live?.release();
  expect(leases.tryAcquire('s1', 'live')?.isHeld).toBe(true);
});

test('only the process of the turn that has the session goes before a terminal that waits', () => {
  const leases = new SessionLeases();
  const turn = leases.tryAcquire('s1', 'turn');
  leases.acquire('s1', 'terminal').catch(() => {});
  expect(leases.tryAcquire('s1', 'live')).toBeNull();
  expect(leases.tryAcquire('s1', 'live', { isForTurn: true })?.isHeld).toBe(true);
  expect(turn?.isHeld).toBe(true);
});

test('/clear takes turn and process to the new session, in either order', () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const leases = new SessionLeases();
    const held = [leases.tryAcquire('s1', 'live'), leases.tryAcquire('s1', 'turn')];
    for (const index of order) held[index]?.rename('s2');
    expect(held.map((lease) => lease?.isHeld)).toEqual([true, true]);
    expect(leases.isFree('s1', 'terminal')).toBe(true);
    expect(leases.processOf('s2')).toBe('live');
  }
});

test('a terminal that resumes a session in use has it when the other holder has left', async () => {
  const leases = new SessionLeases();
  const other = leases.tryAcquire('s2', 'live');
  const terminal = leases.tryAcquire('s1', 'terminal');
  terminal?.rename('s2');
  expect(terminal?.isHeld).toBe(false);
  expect(leases.isFree('s1', 'turn')).toBe(true);
  other?.release();
  expect(terminal?.isHeld).toBe(true);
  terminal?.release();
  expect(leases.isFree('s2', 'repair')).toBe(true);
});

test('a shared lease ends with its last user', () => {
  const leases = new SessionLeases();
  const turn = leases.tryAcquire('s1', 'turn');
  const steering = turn?.share();
  turn?.release();
  turn?.release();
  expect(leases.hasTurn('s1')).toBe(true);
  steering?.release();
  expect(leases.hasTurn('s1')).toBe(false);
});

test('listeners see one consistent state, and waits end with their signal', async () => {
  const leases = new SessionLeases();
  const seen: (string | null)[] = [];
  leases.onChange((sessionId) => seen.push(leases.processOf(sessionId)));
  const live = leases.tryAcquire('s1', 'live');
  live?.rename('s2');
  await Promise.resolve();
  expect(seen).toEqual([null, 'live']);
  await leases.waitUntil(() => leases.processOf('s2') === null, AbortSignal.abort());
  const released = leases.waitUntil(() => leases.processOf('s2') === null);
  live?.release();
  await released;
});
