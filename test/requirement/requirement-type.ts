/**
 * Where a promise comes from: the API of the system that this one follows, our own HTTP contract, what the
 * CLI was seen to do, what users of other products complain about, safety, or how the project is kept.
 */
type Origin =
  | 'original API'
  | 'contract'
  | 'behaviour of the CLI'
  | 'complaints about peers'
  | 'safety'
  | 'upkeep';

/** A promise of the product, in one sentence. */
export type Requirement = { promise: string; from: Origin };
