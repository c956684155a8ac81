import { join } from 'node:path';
import express, { type Request, type Response, Router } from 'express';
import type { Boot } from '../../../contract/boot.ts';
import { pagePaths } from '../../../contract/page-path.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Page, PageLook } from '../../page/port.ts';
import type { Prompts } from '../../prompt/prompts.ts';
import type { CredentialStore } from '../../store/credential-store.ts';
import type { Journal } from '../../store/port.ts';
import { findSignIn } from '../middleware/authenticate.ts';
import { pagePolicy } from '../middleware/headers.ts';

export type PageDeps = {
  page: Page;
  pageFolder: string;
  credentials: CredentialStore;
  conversations: Conversations;
  prompts: Prompts;
  journal: Journal;
  username: string;
  project: string;
};

/** What the first screen holds; the rest is asked for when it is wanted. */
const first = { conversations: 30, messages: 12 };

/** The built page. What Vite names by its content never changes; the page itself is asked for each time. */
export function createPageRoutes(deps: PageDeps): Router {
  const { page, pageFolder } = deps;
  const router = Router();

  async function send(request: Request, response: Response, boot: Boot | null): Promise<void> {
    if (page.build() === null) response.status(404).type('text/plain');
    else response.type('html');
    response.set({
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': pagePolicy(page.policy()),
      Vary: 'Cookie, Accept-Language',
    });
    response.send(await page.html(boot, lookOf(request)));
  }

  router.use(
    '/assets',
    express.static(join(pageFolder, 'assets'), { immutable: true, maxAge: '1y', index: false }),
  );
  router.get('/sw.js', (_request, response) => {
    response.type('text/javascript').set('Cache-Control', 'no-cache').send(page.worker());
  });
  // What the service worker keeps for the time without a connection: the page without anything in it.
  router.get('/shell', (request, response) => send(request, response, null));
  router.use(express.static(pageFolder, { index: false, maxAge: 0 }));
  router.get(Object.values(pagePaths).flat(), async (request, response) =>
    send(request, response, await createBoot(request, deps)),
  );
  return router;
}

const oneOf = (value: unknown, known: readonly string[]) =>
  typeof value === 'string' && known.includes(value) ? value : (known[0] ?? '');

/** What the page has noted of itself in a cookie, which other ports of this host can set to anything. */
function preferences(request: Request): Record<string, unknown> {
  const text = /(?:^|;\s*)prefs=([^;]*)/.exec(request.get('cookie') ?? '')?.[1];
  try {
    const value = JSON.parse(decodeURIComponent(text ?? 'null'));
    return value && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

function lookOf(request: Request): PageLook {
  const { theme, size } = preferences(request);
  return {
    theme: oneOf(theme, ['auto', 'light', 'dark']),
    size: oneOf(size, ['medium', 'small', 'large', 'huge']),
  };
}

function languageOf(request: Request): string {
  const { language } = preferences(request);
  if (language === 'en' || language === 'de') return language;
  return request.acceptsLanguages(['en', 'de']) || 'en';
}

async function createBoot(request: Request, deps: PageDeps): Promise<Boot> {
  const { conversations, prompts, journal } = deps;
  const base: Boot = {
    build: deps.page.build() ?? '',
    language: languageOf(request),
    path: request.path,
    now: new Date().toISOString(),
    user: null,
    conversations: [],
    prompts: [],
    open: null,
    // Before all else is read: an event that is in it already changes nothing.
    cursor: journal.cursor(),
  };
  if (!findSignIn(request, deps.credentials)) return base;
  const rows = conversations.list({ archived: false });
  // The address of a conversation names it; else the one that was used last is the one that is wanted.
  const asked = request.params['id'];
  const id = request.path.startsWith('/c/') && typeof asked === 'string' ? asked : (rows[0]?.id ?? 'default');
  return {
    ...base,
    user: { name: deps.username, project: deps.project },
    conversations: rows.slice(0, first.conversations),
    prompts: prompts.list(),
    open: await readOpen(id, conversations),
  };
}

async function readOpen(id: string, conversations: Conversations): Promise<Boot['open']> {
  try {
    const snapshot = conversations.getSnapshot(id);
    return { id, snapshot, page: await conversations.readHistory(id, { limit: first.messages }) };
  } catch {
    return null; // It is not there yet, or cannot be read: the page asks for it, and says why.
  }
}
