import type { RequestHandler } from 'express';
import { AppError } from '../../app-error.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Host } from '../../session/port.ts';
import type { SessionRecords } from '../../session-record/records.ts';
import type { TerminalPrompts } from '../../terminal/prompts.ts';
import { trust } from '../connection-limit.ts';
import type { Handle } from '../handle.ts';
import type { TerminalTickets } from '../terminal-tickets.ts';

/** Newer CLIs begin in a mode that asks nothing, unless they are told otherwise. */
const asking = 'default';

export type SessionDeps = {
  hosts: ReadonlyMap<string, Host>;
  conversations: Conversations;
  tickets: TerminalTickets;
  archive: Pick<SessionRecords, 'ofSession'>;
};

/** The sessions of hosts: every one that was ever begun there, by whatever program. */
export function addSessionRoutes(
  handle: Handle,
  { hosts, conversations, tickets, archive }: SessionDeps,
): void {
  function hostOf(name: string): Host {
    const host = hosts.get(name);
    if (!host)
      throw new AppError(
        'host_not_found',
        `There is no host ${JSON.stringify(name)}. Known: ${[...hosts.keys()].join(', ')}.`,
        { field: 'host' },
      );
    return host;
  }
  const local = () => hostOf('local');
  function sessionOf(convId: string): string {
    const { session_id } = conversations.getRecord(convId);
    if (!session_id)
      throw new AppError('session_not_found', `Nothing was said in conversation ${convId} yet.`);
    return session_id;
  }

  handle('listHostSessions', ({ params, query }) => {
    const { project, state, kind, q, forks, limit, cursor } = query;
    return hostOf(params.host).sessions({
      project,
      states: state,
      kind,
      q,
      withForks: forks ?? true,
      limit: limit ?? 50,
      cursor,
    });
  });
  handle('readHostSession', async ({ params }) => {
    const session = await hostOf(params.host).session(params.id);
    return { ...session, record: await archive.ofSession(session.id) };
  });
  handle('readHostMessages', ({ params, query }) =>
    hostOf(params.host).messages(params.id, { limit: query.limit ?? 50, before: query.before }),
  );
  handle('diagnoseSession', ({ params }) => hostOf(params.host).diagnose(params.id));
  handle('startTerminal', ({ params, body }) =>
    hostOf(params.host).start({
      project: body.project,
      name: body.name ?? null,
      model: body.model ?? null,
      permissionMode: body.permission_mode ?? asking,
      args: body.args ?? [],
    }),
  );
  handle('repairSession', ({ params, body }) =>
    hostOf(params.host).repair(params.id, { dryRun: body.dry_run ?? false }),
  );
  handle('renameSession', ({ params, body }) => hostOf(params.host).rename(params.id, body.title));
  handle('killTerminals', ({ params, query }) =>
    hostOf(params.host).killIdle({ idleS: query.idle_s, busy: query.busy ?? false }),
  );
  handle('resumeTerminal', ({ params, body }) =>
    hostOf(params.host).resume(params.id, {
      model: body.model ?? null,
      permissionMode: body.permission_mode ?? asking,
    }),
  );
  handle('sendToTerminal', ({ params, body }) => hostOf(params.host).send(params.id, body.message));
  handle('interruptTerminal', ({ params }) => hostOf(params.host).interrupt(params.id));
  handle('readTerminal', ({ params }) => hostOf(params.host).screen(params.id));
  handle('openTerminal', async ({ params, actor }) => {
    // Whoever may not see it gets no ticket.
    const { id } = await hostOf(params.host).screen(params.id);
    return { ...tickets.issue({ sessionId: id, host: params.host, credentialId: actor.credentialId }), id };
  });
  handle('killTerminal', ({ params }) => hostOf(params.host).kill(params.id));
  handle('attachConversation', async ({ params, body }) => {
    const interrupt = async () => {
      const { turn } = conversations.getSnapshot(params.id);
      if (!turn) return;
      await conversations.cancelTurn(turn.turn_id);
      await conversations.waitForEnd(turn.turn_id);
    };
    if (body.messages) await conversations.change(params.id, { terminal_messages: body.messages });
    return local().resume(sessionOf(params.id), {
      model: body.model ?? null,
      permissionMode: body.permission_mode ?? asking,
      ...(body.interrupt ? { interrupt } : {}),
    });
  });
  handle('detachConversation', async ({ params }) => {
    const session_id = sessionOf(params.id);
    await local().kill(session_id);
    return { id: params.id, session_id };
  });
  handle('search', ({ query: { q, project, role, since, until, limit } }) =>
    local().search({
      q,
      project,
      roles: role ?? ['user', 'assistant', 'tool', 'output'],
      since,
      until,
      limit: limit ?? 20,
    }),
  );
  handle('readTyped', async ({ query }) => ({
    prompts: await local().readPromptHistory({ ...query, limit: query.limit ?? 50 }),
  }));
}

/** The hooks of terminals: let in by the token of their terminal alone, before anything of the request is read. */
export function addHookRoute(
  handle: Handle,
  { terminalPrompts }: { terminalPrompts: TerminalPrompts },
): void {
  handle('terminalHook', ({ body, response, signal }) =>
    terminalPrompts.hook(response.locals['terminal'], body, signal),
  );
}

export function createHookCheck({ terminalPrompts }: { terminalPrompts: TerminalPrompts }): RequestHandler {
  return (request, response, next) => {
    const token = /^Bearer\s+(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
    response.locals['terminal'] = terminalPrompts.findRecord(token ?? '');
    trust(request.socket);
    next();
  };
}
