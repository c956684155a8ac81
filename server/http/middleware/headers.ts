import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** The security headers of every answer. The page loads only what this server sends, and nobody may frame it. */
export function createHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // The server speaks plain http itself; the tunnel or proxy in front of it may promise https.
    strictTransportSecurity: false,
  });
}
