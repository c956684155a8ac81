import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { PagePolicy } from '../../page/port.ts';

/** The page loads only what this server sends, and no other page may frame it. */
const policy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  // Previews of what is attached; the QR code.
  'img-src': "'self' data: blob:",
  'connect-src': "'self'",
  'manifest-src': "'self'",
  'worker-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
};

/** The policy of the page itself, whose one style and first script stand in the document. */
export function pagePolicy(page: PagePolicy | null): string {
  const own = page
    ? { ...policy, 'style-src': `'self' ${page.style}`, 'script-src': `'self' ${page.script}` }
    : policy;
  return Object.entries(own)
    .map(([name, value]) => `${name} ${value}`)
    .join(';');
}

/** The security headers of every answer. */
export function createHeaders(): RequestHandler {
  const common = helmet({
    contentSecurityPolicy: false,
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // The server speaks plain http itself; the tunnel or proxy in front of it may promise https.
    strictTransportSecurity: false,
  });
  return (request, response, next) => {
    response.set('Content-Security-Policy', pagePolicy(null));
    common(request, response, next);
  };
}
