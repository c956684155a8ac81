import { z } from 'zod';
import { optional } from './query.ts';

const Credential = z.object({
  id: z.string(),
  kind: z.enum(['cookie', 'token']),
  label: z.string(),
  created_at: z.string(),
  last_used_at: z.string(),
  current: z.boolean().describe('whether this request used it'),
});

/** The shapes of the routes of `accessRoutes`. */
export const accessEndpoints = {
  login: {
    body: z.object({ username: z.string().max(200), password: z.string().max(1000) }),
    response: z.object({ username: z.string() }),
  },
  logout: { response: z.object({ signed_out: z.boolean() }) },
  logoutAll: {
    body: z.object({ tokens: optional(z.boolean()) }),
    response: z.object({ revoked: z.number().int() }),
  },
  createPairing: {
    response: z.object({
      url: z.string(),
      expires_at: z.string(),
      qr: z.string().describe('the link as an SVG image of a QR code'),
      is_tunnel: z.boolean().describe('whether the link works outside of this network'),
    }),
  },
  pair: {
    body: z.object({ code: z.string().min(1).max(100) }),
    response: z.object({ username: z.string() }),
  },
  listCredentials: { response: z.object({ credentials: z.array(Credential) }) },
  revokeCredential: {
    params: z.object({ id: z.string().max(64) }),
    response: z.object({ revoked: z.string() }),
  },
  createToken: {
    body: z.object({ label: z.string().trim().min(1).max(100) }),
    response: z.object({ id: z.string(), label: z.string(), token: z.string() }),
  },
} as const;
