import type { Prompts } from '../../prompt/prompts.ts';
import type { ClientAddress } from '../client-address.ts';
import type { Context, Handle } from '../handle.ts';

export function addPromptRoutes(
  handle: Handle,
  { prompts, client }: { prompts: Prompts; client: ClientAddress },
): void {
  const decider = ({ actor, request }: Pick<Context<'listRules'>, 'actor' | 'request'>) => ({
    name: actor.name,
    address: client.addressOf(request),
  });

  handle('listPrompts', () => ({ prompts: prompts.list() }));
  handle('answerPrompt', (context) => prompts.answer(context.params.id, context.body, decider(context)));
  handle('listRules', () => ({ rules: prompts.rules.list() }));
  handle('revokeRule', (context) => {
    prompts.rules.revoke(context.params.id, decider(context));
    return { revoked: context.params.id };
  });
  handle('audit', ({ query }) => {
    const entries = prompts.listAudit(query.limit, query.before);
    return { entries, before: entries.length === query.limit ? (entries.at(-1)?.id ?? null) : null };
  });
}
