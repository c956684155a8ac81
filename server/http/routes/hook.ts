import type { RequestHandler } from 'express';
import type { TerminalPrompts } from '../../terminal/prompts.ts';
import { trust } from '../connection-limit.ts';
import type { Handle } from '../handle.ts';

/**
 * The hooks of terminals. Only the token of their terminal admits them, before the request's body is read.
 */
export function addHookRoute(
  handle: Handle,
  { terminalPrompts }: { terminalPrompts: TerminalPrompts },
): void {
  handle('terminalHook', ({ body, response, signal }) =>
    terminalPrompts.answerHook(response.locals['terminal'], body, signal),
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
