import { type Candidate, type ErrorCode, errorTable } from '../contract/error.ts';

/** An error that a client is meant to see: a code of the error table, and a sentence about what was wrong. */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** The field of the request that was wrong. */
  readonly field: string | undefined;
  /** The turn that failed. */
  readonly turnId: string | undefined;
  /** What it could have meant, at least some of it. */
  readonly candidates: Candidate[] | undefined;
  readonly retryAfterS: number | undefined;

  constructor(
    code: ErrorCode,
    detail?: string,
    more: {
      field?: string | undefined;
      turnId?: string | undefined;
      candidates?: Candidate[];
      retryAfterS?: number;
      cause?: unknown;
    } = {},
  ) {
    super(detail || errorTable[code].title, { cause: more.cause });
    this.name = 'AppError';
    this.code = code;
    this.field = more.field;
    this.turnId = more.turnId;
    this.candidates = more.candidates;
    this.retryAfterS = more.retryAfterS;
  }
}
