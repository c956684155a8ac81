import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Router } from 'express';

/** The built page. What Vite names by its content never changes; the page itself is asked for each time. */
export function createPageRoutes(folder: string): Router {
  const router = express.Router();
  const index = join(folder, 'index.html');
  router.use('/assets', express.static(join(folder, 'assets'), { immutable: true, maxAge: '1y', index: false }));
  router.use(express.static(folder, { index: false, maxAge: 0 }));
  router.get(['/', '/c/:id'], (_request, response) => {
    response.set('Cache-Control', 'no-cache');
    if (existsSync(index)) response.sendFile('index.html', { root: folder });
    else response.status(404).type('text/plain').send('The page is not built. Run: npm run build');
  });
  return router;
}
