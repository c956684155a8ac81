import type { ErrorCode } from '../../../contract/error.ts';

/** A request that the model server did not answer. */
export class ModelError extends Error {
  readonly code: ErrorCode;
  /** The same request can succeed later. */
  readonly isTemporary: boolean;
  /** A part of the reply had already arrived. */
  readonly isCut: boolean;
  readonly reason: string;

  constructor(
    code: ErrorCode,
    detail: string,
    { isTemporary = false, isCut = false, reason = 'connection lost' } = {},
  ) {
    super(detail);
    this.name = 'ModelError';
    this.code = code;
    this.isTemporary = isTemporary;
    this.isCut = isCut;
    this.reason = reason;
  }
}
