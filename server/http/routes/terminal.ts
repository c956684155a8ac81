import { AppError } from '../../app-error.ts';
import type { Conversations } from '../../conversation/conversations.ts';
import type { Host } from '../../session/port.ts';
import type { Handle } from '../handle.ts';
import type { TerminalTickets } from '../terminal-tickets.ts';
import { requireHost } from './session.ts';

/** Set explicitly, because newer CLIs otherwise start in a mode that asks for nothing. */
const askingMode = 'default';

export type TerminalDeps = {
  hosts: ReadonlyMap<string, Host>;
  conversations: Conversations;
  tickets: TerminalTickets;
};

/** Sessions in terminals. */
export function addTerminalRoutes(handle: Handle, { hosts, tickets }: TerminalDeps): void {
  const hostOf = (name: string) => requireHost(hosts, name);

  handle('startTerminal', ({ params, body }) =>
    hostOf(params.host).start({
      project: body.project,
      name: body.name ?? null,
      model: body.model ?? null,
      permissionMode: body.permission_mode ?? askingMode,
      args: body.args ?? [],
    }),
  );
  handle('killTerminals', ({ params, query }) =>
    hostOf(params.host).killIdle({ idleS: query.idle_s, busy: query.busy ?? false }),
  );
  handle('resumeTerminal', ({ params, body }) =>
    hostOf(params.host).resume(params.id, {
      model: body.model ?? null,
      permissionMode: body.permission_mode ?? askingMode,
    }),
  );
  handle('sendToTerminal', ({ params, body }) => hostOf(params.host).send(params.id, body.message));
  handle('interruptTerminal', ({ params }) => hostOf(params.host).interrupt(params.id));
  handle('readTerminal', ({ params }) => hostOf(params.host).screen(params.id));
  handle('openTerminal', async ({ params, actor }) => {
    // Throws for a terminal that the caller may not see, before a ticket is issued.
    const { id } = await hostOf(params.host).screen(params.id);
    return { ...tickets.issue({ sessionId: id, host: params.host, credentialId: actor.credentialId }), id };
  });
  handle('killTerminal', ({ params }) => hostOf(params.host).kill(params.id));
}

/** The session of a conversation, in a terminal and back. */
export function addHandoverRoutes(handle: Handle, { hosts, conversations }: TerminalDeps): void {
  const local = () => requireHost(hosts, 'local');

  function sessionOf(convId: string): string {
    const { session_id } = conversations.getRecord(convId);
    if (!session_id)
      throw new AppError('session_not_found', `Nothing was said in conversation ${convId} yet.`);
    return session_id;
  }

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
      permissionMode: body.permission_mode ?? askingMode,
      ...(body.interrupt ? { interrupt } : {}),
    });
  });
  handle('detachConversation', async ({ params }) => {
    const session_id = sessionOf(params.id);
    await local().kill(session_id);
    return { id: params.id, session_id };
  });
}
