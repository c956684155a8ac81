import compression from 'compression';
import express, { type Express, type Response } from 'express';
import type { LocalAccess } from './access/local-access.ts';
import type { Pairings } from './access/pairings.ts';
import type { CheckPassword } from './access/password.ts';
import { AppError } from './app-error.ts';
import type { ClientAddress } from './http/client-address.ts';
import { createHandle, createMethodCheck } from './http/handle.ts';
import { createAuthenticate } from './http/middleware/authenticate.ts';
import { createGuardCheck, createShareCheck, type Guard } from './http/middleware/guard.ts';
import { createHeaders } from './http/middleware/headers.ts';
import type { OpenResponses } from './http/open-responses.ts';
import { createParseFiles, takesFiles } from './http/parse-files.ts';
import { createErrorHandler } from './http/problem.ts';
import { createReadJson } from './http/read-json.ts';
import { addAccessRoutes, addLoginRoute } from './http/routes/access.ts';
import { type ArchiveRouteDeps, addArchiveRoutes } from './http/routes/archive.ts';
import { addChatRoutes } from './http/routes/chat.ts';
import { addConversationRoutes } from './http/routes/conversation.ts';
import { addEventRoutes } from './http/routes/event.ts';
import { addHookRoute, createHookCheck } from './http/routes/hook.ts';
import { createPageRoutes, type PageDeps } from './http/routes/page.ts';
import { addPromptRoutes } from './http/routes/prompt.ts';
import { addPushActionRoute, addPushRoutes } from './http/routes/push.ts';
import { addHealthRoute, addServiceRoutes, type ServiceDeps } from './http/routes/service.ts';
import { addSessionRoutes, type SessionDeps } from './http/routes/session.ts';
import { addHandoverRoutes, addTerminalRoutes, type TerminalDeps } from './http/routes/terminal.ts';
import { addTurnRoutes, type TurnDeps } from './http/routes/turn.ts';
import type { Prompts } from './prompt/prompts.ts';
import type { Pushes } from './push/push-service.ts';
import type { Projects } from './session/port.ts';
import type { CredentialStore } from './store/credential-store.ts';
import type { Journal } from './store/port.ts';
import type { TerminalPrompts } from './terminal/prompts.ts';

/** Room for a message of 10 MB with every second character escaped, and for 20 MB of files in base64. */
const maxBody = '52mb';

export type AppDeps = ServiceDeps &
  PageDeps &
  SessionDeps &
  TerminalDeps &
  ArchiveRouteDeps &
  TurnDeps & {
    journal: Journal;
    prompts: Prompts;
    credentials: CredentialStore;
    pairings: Pairings;
    projects: Projects;
    pushes: Pushes;
    terminalPrompts: TerminalPrompts;
    checkPassword: CheckPassword;
    localAccess: Pick<LocalAccess, 'isOurs'>;
    client: ClientAddress;
    username: string;
    guard: Guard;
    openResponses: OpenResponses;
    pageFolder: string;
    newRequestId(): string;
    onFault(error: unknown, requestId: string): void;
    checkAnswers: boolean;
  };

/** Composes the Express app; it does not listen yet. */
export function createApp(given: AppDeps): Express {
  const deps = { ...given, closing: given.openResponses.closing };
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use((_request, response, next) => {
    response.locals['requestId'] = deps.newRequestId();
    response.set('X-Request-Id', response.locals['requestId']);
    // Tells a page of another build that there was an update.
    response.set('X-Switchboard-Build', deps.page.build() ?? 'none');
    next();
  });
  app.use(createHeaders());

  // Before the guard: a monitor may use any host name.
  const health = createHandle(deps);
  addHealthRoute(health.handle, deps);
  app.use(health.router);
  // Before the guard, which would refuse the origin "null" of everything that another app shares.
  app.post('/share', createShareCheck(deps.guard));
  app.use(createGuardCheck({ guard: deps.guard, takesFiles }));
  app.use(
    compression({
      filter: (request, response) => !isStream(response) && compression.filter(request, response),
    }),
  );
  app.use(createPageRoutes(deps));

  const parseBody = createReadJson(maxBody);
  const login = createHandle(deps);
  addLoginRoute(login.handle, deps);
  addPushActionRoute(login.handle, deps);
  addHookRoute(login.handle, deps);
  // Anyone may send these, so a body larger than a name and a password is not read.
  app.post(['/api/login', '/api/pair', '/api/push/actions/:token'], createReadJson('4kb'));
  // The input of a tool can be a whole file.
  app.post('/api/hooks/terminal', createHookCheck(deps), parseBody);
  app.use(login.router);
  // Before the body is parsed: a request without credentials is refused before it is read.
  app.use(['/api', '/metrics'], createAuthenticate(deps), createParseFiles(), parseBody);
  const api = createHandle(deps);
  addServiceRoutes(api.handle, deps);
  addAccessRoutes(api.handle, deps);
  addChatRoutes(api.handle, deps);
  addConversationRoutes(api.handle, deps);
  addTurnRoutes(api.handle, deps);
  addSessionRoutes(api.handle, deps);
  addTerminalRoutes(api.handle, deps);
  addHandoverRoutes(api.handle, deps);
  addArchiveRoutes(api.handle, deps);
  addPromptRoutes(api.handle, deps);
  addEventRoutes(api.handle, deps);
  addPushRoutes(api.handle, deps);
  app.use(api.router);
  app.use(createMethodCheck());
  app.use((request) => {
    throw new AppError('route_not_found', `There is no ${request.method} ${request.path}.`);
  });
  app.use(createErrorHandler(deps));
  return app;
}

/** Compression would hold back what is to be seen at once. */
const isStream = (response: Response) =>
  /^text\/(event-stream|plain)/.test(String(response.getHeader('Content-Type') ?? ''));
