/** A process that writes to a session: a one-shot run, a live process, a terminal, or a repair. */
export type ProcessHolder = 'run' | 'live' | 'terminal' | 'repair';

/** A turn writes through a process of its session: it starts one, or uses the live process or terminal that is there. */
export type Holder = 'turn' | ProcessHolder;

/** The right to write to a session, until it is released. */
export interface Lease {
  /** The session that it is for; another one after a rename. */
  readonly sessionId: string;
  /** False after its release, and while another holder has the session to which it was renamed. */
  readonly isHeld: boolean;
  /** The same right for another user of it, as for a message that steers a turn. Ends when all have released it. */
  share(): Lease;
  /**
   * The holder works in another session now, as after /clear. That has happened already and cannot be refused: if the
   * other session has a holder, this one is the next.
   */
  rename(to: string): void;
  /** Idempotent. */
  release(): void;
}

type Claim = {
  readonly holder: Holder;
  /** It is for the process of the turn that has the session now, which does not wait behind others. */
  readonly isForTurn: boolean;
  sessionId: string;
  isHeld: boolean;
  users: number;
  /** Called when a claim that waited is granted. */
  onGrant(): void;
};

type SessionClaims = { turn: Claim | null; process: Claim | null; waiting: Claim[] };

/** These want the session for themselves: later turns wait behind them, so that they come to it. */
const isExclusive = ({ holder }: Claim) => holder === 'terminal' || holder === 'repair';

const slotOf = ({ holder }: Claim) => (holder === 'turn' ? 'turn' : 'process');

export type AcquireOptions = {
  /** For a live process: the turn that holds the session needs it. */
  isForTurn?: boolean;
};

/**
 * Decides who may write to a session; nothing else does. A session has at most one turn and at most one process.
 * Programs that were not started here hold no lease: whoever starts a process asks the agent for those.
 */
export class SessionLeases {
  readonly #sessions = new Map<string, SessionClaims>();
  readonly #listeners = new Set<(sessionId: string) => void>();
  readonly #changed = new Set<string>();

  /** Null if the session is not free for this holder now. */
  tryAcquire(sessionId: string, holder: Holder, { isForTurn = false }: AcquireOptions = {}): Lease | null {
    const claim = createClaim(sessionId, holder, isForTurn);
    if (!this.#isFree(claim)) return null;
    this.#hold(claim);
    return this.#toLease(claim);
  }

  /** Waits until the session is free for this holder, in the order of the calls. Rejects with the signal's reason. */
  async acquire(
    sessionId: string,
    holder: Holder,
    { isForTurn = false, signal }: AcquireOptions & { signal?: AbortSignal } = {},
  ): Promise<Lease> {
    signal?.throwIfAborted();
    const claim = createClaim(sessionId, holder, isForTurn);
    if (this.#isFree(claim)) this.#hold(claim);
    else await this.#waitForGrant(claim, signal);
    return this.#toLease(claim);
  }

  /** For a holder that works in the session already. If the session has another holder, this one is the next. */
  adopt(sessionId: string, holder: Holder): Lease {
    const claim = createClaim(sessionId, holder, false);
    this.#place(claim);
    return this.#toLease(claim);
  }

  /** Whether `tryAcquire` would succeed. */
  isFree(sessionId: string, holder: Holder): boolean {
    return this.#isFree(createClaim(sessionId, holder, false));
  }

  /** Whether a turn has the session. */
  hasTurn(sessionId: string): boolean {
    return this.#sessions.get(sessionId)?.turn != null;
  }

  /** What kind of process has the session; null if none has. */
  processOf(sessionId: string): ProcessHolder | null {
    return (this.#sessions.get(sessionId)?.process?.holder ?? null) as ProcessHolder | null;
  }

  /** Whether a terminal has the session, or waits for it. */
  isForTerminal(sessionId: string): boolean {
    const claims = this.#sessions.get(sessionId);
    return (
      claims?.process?.holder === 'terminal' ||
      (claims?.waiting.some(({ holder }) => holder === 'terminal') ?? false)
    );
  }

  /** Resolves as soon as a condition on a session's holders is true; checked at each change. */
  waitUntil(isMet: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!isMet() && !signal?.aborted) return;
        unsubscribe();
        signal?.removeEventListener('abort', check);
        resolve();
      };
      const unsubscribe = this.onChange(check);
      signal?.addEventListener('abort', check);
      check();
    });
  }

  /** Calls the listener after changes of a session's holders or waiters. Returns the function that removes it. */
  onChange(listener: (sessionId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #claimsOf(sessionId: string): SessionClaims {
    const claims = this.#sessions.get(sessionId) ?? { turn: null, process: null, waiting: [] };
    this.#sessions.set(sessionId, claims);
    return claims;
  }

  #isFree(claim: Claim): boolean {
    const claims = this.#sessions.get(claim.sessionId);
    if (!claims) return true;
    return canHold(claim, claims) && (claim.isForTurn || !claims.waiting.some(isExclusive));
  }

  #hold(claim: Claim): void {
    this.#claimsOf(claim.sessionId)[slotOf(claim)] = claim;
    claim.isHeld = true;
    this.#notify(claim.sessionId);
  }

  #waitForGrant(claim: Claim, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const withdraw = () => {
        this.#remove(claim);
        reject(signal?.reason);
      };
      claim.onGrant = () => {
        signal?.removeEventListener('abort', withdraw);
        resolve();
      };
      signal?.addEventListener('abort', withdraw, { once: true });
      this.#claimsOf(claim.sessionId).waiting.push(claim);
      this.#notify(claim.sessionId);
    });
  }

  /** Takes a claim out of its session, whether it holds it or waits for it, and grants what waited for that. */
  #remove(claim: Claim): void {
    const claims = this.#sessions.get(claim.sessionId);
    if (!claims) return;
    if (claims[slotOf(claim)] === claim) claims[slotOf(claim)] = null;
    claims.waiting = claims.waiting.filter((other) => other !== claim);
    claim.isHeld = false;
    this.#grantWaiting(claim.sessionId, claims);
    this.#notify(claim.sessionId);
  }

  #grantWaiting(sessionId: string, claims: SessionClaims): void {
    let isBlocked = false;
    for (const claim of [...claims.waiting]) {
      if (canHold(claim, claims) && (!isBlocked || claim.isForTurn)) {
        claims.waiting = claims.waiting.filter((other) => other !== claim);
        claims[slotOf(claim)] = claim;
        claim.isHeld = true;
        claim.onGrant();
      } else if (isExclusive(claim)) isBlocked = true;
    }
    if (!claims.turn && !claims.process && !claims.waiting.length) this.#sessions.delete(sessionId);
  }

  #rename(claim: Claim, to: string): void {
    if (claim.sessionId === to || claim.users === 0) return;
    this.#remove(claim);
    claim.sessionId = to;
    this.#place(claim);
  }

  #place(claim: Claim): void {
    const claims = this.#claimsOf(claim.sessionId);
    // Turn and process of one session come one after the other, in either order.
    const isTaken = claims[slotOf(claim)] !== null || (isExclusive(claim) && claims.turn !== null);
    if (isTaken) {
      claims.waiting.unshift(claim);
      this.#notify(claim.sessionId);
    } else this.#hold(claim);
  }

  #toLease(claim: Claim): Lease {
    claim.users += 1;
    let isReleased = false;
    return {
      get sessionId() {
        return claim.sessionId;
      },
      get isHeld() {
        return claim.isHeld && !isReleased;
      },
      share: () => this.#toLease(claim),
      rename: (to) => this.#rename(claim, to),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        claim.users -= 1;
        if (claim.users === 0) this.#remove(claim);
      },
    };
  }

  /** Listeners see one consistent state after all changes of a step, and may acquire and release. */
  #notify(sessionId: string): void {
    if (this.#changed.size === 0) queueMicrotask(() => this.#flush());
    this.#changed.add(sessionId);
  }

  #flush(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const sessionId of changed) for (const listener of [...this.#listeners]) listener(sessionId);
  }
}

const createClaim = (sessionId: string, holder: Holder, isForTurn: boolean): Claim => ({
  holder,
  isForTurn: isForTurn || holder === 'run',
  sessionId,
  isHeld: false,
  users: 0,
  onGrant: () => {},
});

function canHold(claim: Pick<Claim, 'holder'>, { turn, process }: SessionClaims): boolean {
  switch (claim.holder) {
    case 'turn':
      // It uses a live process or a terminal; a one-shot run that is still there is that of an earlier turn.
      return !turn && process?.holder !== 'run' && process?.holder !== 'repair';
    case 'run':
    case 'live':
      // A live process that is opened ahead of a turn serves the turn that has begun meanwhile.
      return !process;
    case 'terminal':
    case 'repair':
      return !process && !turn;
  }
}
