import type { Prompts } from '../../prompt/prompts.ts';
import type { Pushes } from '../../push/push-service.ts';
import type { ClientAddress } from '../client-address.ts';
import type { Handle } from '../handle.ts';

type PushDeps = { pushes: Pushes; prompts: Prompts; client: ClientAddress };

export function addPushRoutes(handle: Handle, { pushes }: PushDeps): void {
  handle('readPush', () => pushes.state());
  handle('changePush', ({ body }) => pushes.change(body));
  handle('addDevice', ({ body, actor }) => pushes.add(body, { id: actor.credentialId, label: actor.name }));
  handle('removeDevice', ({ params }) => {
    pushes.remove(params.id);
    return { removed: params.id };
  });
  handle('testDevice', ({ params }) => pushes.test(params.id));
  handle('reportPush', ({ body }) => ({
    noted: pushes.report(body.endpoint, body.notice_id, body.state, body.detail ?? null),
  }));
  handle('reportSeen', ({ body }) => {
    for (const { conv_id, event_id } of body.seen) pushes.seen(conv_id, event_id);
    return { noted: body.seen.length };
  });
}

/** The buttons of notifications: who presses one need not be signed in, the token says enough. */
export function addPushActionRoute(handle: Handle, { pushes, prompts, client }: PushDeps): void {
  handle('pressAction', async ({ params, request }) => {
    const { prompt_id, conv_id, decision } = pushes.takeAction(params.token);
    const by = { name: 'notification', address: client.addressOf(request) };
    const { outcome } = await prompts.answer(prompt_id, { decision }, by);
    return { outcome, conv_id };
  });
}
