import type { Request } from 'express';
import { AppError } from '../app-error.ts';

/**
 * The Idempotency-Key header, null without one. Throws AppError `invalid_request` for one that cannot be a
 * key.
 */
export function idempotencyKey(request: Request): string | null {
  const key = request.get('idempotency-key');
  if (key === undefined) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new AppError(
      'invalid_request',
      'Idempotency-Key: must be 1 to 255 printable characters without spaces',
      { field: 'Idempotency-Key' },
    );
  }
  return key;
}
