import { createHash } from 'node:crypto';

/**
 * The form in which a secret token is stored. Tokens are random and long, so a plain hash cannot be reversed,
 * unlike that of a password.
 */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex');
