import { createHash, randomBytes } from 'node:crypto';
import type { NoticeKind } from '../../contract/conversation-options.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { Prompt } from '../../contract/prompt.ts';
import type { Delivery, PushMessage } from '../../contract/push.ts';
import { askedBy, fitsNotice, type Notice, noticeOf } from './notification.ts';
import { whyNot } from './policy.ts';
import { type PushChannel, PushError, type PushStore, type StoredDevice } from './port.ts';
import type { Seen } from './seen.ts';

/** A page that shows what has happened says so within this time; only then is a push thought of. */
const seenWithinMs = 2500;

/** A prompt that nobody answers is told of so often. */
const maxTold = 4;

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');

export type NotifierDeps = {
  store: PushStore;
  channels: Record<StoredDevice['kind'], PushChannel>;
  seen: Seen;
  /** What a conversation is called, and what it wants to be told of; null where there is none. */
  conversation(id: string): { title: string; notify: readonly NoticeKind[] | null } | null;
  /** What waits for a person, in the order in which it came. */
  waiting(): Prompt[];
  warn(error: unknown, text: string): void;
  now(): Date;
  newId(): string;
};

/** Tells devices what a person wants to know, and takes it back when it is answered. */
export function createNotifier(deps: NotifierDeps) {
  const { store } = deps;
  const timers = new Set<NodeJS.Timeout>();
  /** By conversation: the notice that devices may still show. */
  const told = new Map<string, { noticeId: string; promptId: string | null }>();
  /** By prompt: how often it was told, and whether it is to be told again. */
  const asked = new Map<string, { times: number; isPending: boolean }>();

  const waits = (promptId: string) => deps.waiting().some(({ id }) => id === promptId);

  function later(ms: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work().catch((error) => deps.warn(error, 'a push could not be made'));
    }, ms);
    timer.unref();
    timers.add(timer);
  }

  function note(
    device: StoredDevice,
    message: Pick<PushMessage, 'notice_id' | 'conv_id'>,
    kind: Delivery['kind'],
    state: Delivery['state'],
    detail: string | null,
  ) {
    const { notice_id, conv_id } = message;
    const delivery: Delivery = {
      notice_id,
      device_id: device.id,
      conv_id,
      kind,
      state,
      detail,
      at: deps.now().toISOString(),
    };
    try {
      store.note(delivery);
    } catch (error) {
      deps.warn(error, 'what became of a push could not be kept');
    }
    return delivery;
  }

  async function sendTo(
    device: StoredDevice,
    message: PushMessage,
    kind: Delivery['kind'],
  ): Promise<Delivery> {
    try {
      await deps.channels[device.kind].send(device, message);
      return note(device, message, kind, 'sent', null);
    } catch (error) {
      const delivery = note(device, message, kind, 'failed', (error as Error).message);
      // The browser has unsubscribed, or was reset.
      if (error instanceof PushError && error.isGone) store.removeDevice(device.id);
      return delivery;
    }
  }

  /** A button for one decision on one prompt; its token is in the notification alone. */
  function button(notice: Notice, decision: 'allow' | 'deny'): string | null {
    if (notice.prompt?.kind !== 'permission') return null;
    // Nobody allows what they have not seen all of: the card shows it.
    if (decision === 'allow' && !fitsNotice(notice.prompt)) return null;
    const token = randomBytes(24).toString('base64url');
    store.addAction({ hash: hashOf(token), prompt_id: notice.prompt.id, conv_id: notice.conv_id, decision });
    return token;
  }

  /** Has a prompt told again as long as it waits. What could not be told, in quiet hours or because a page showed it, is not counted. */
  function tellAgain(notice: Notice, wasTold: boolean, afterMin: number | null): void {
    if (!notice.prompt) return;
    const { id } = notice.prompt;
    const known = asked.get(id) ?? { times: 0, isPending: false };
    if (wasTold) known.times += 1;
    asked.set(id, known);
    if (known.isPending || afterMin === null || known.times >= maxTold) return;
    known.isPending = true;
    later(afterMin * 60_000, async () => {
      known.isPending = false;
      await tell(notice, true);
    });
  }

  async function tell(notice: Notice, isAgain = false): Promise<void> {
    const conversation = deps.conversation(notice.conv_id);
    if (!conversation) return;
    const devices = store.devices();
    if (!devices.length) return;
    const settings = store.settings();
    const isStillWanted = notice.prompt === null || waits(notice.prompt.id);
    // Told again, it is for who has seen it and gone away.
    const seenEvent = isAgain ? 0 : deps.seen.upTo(notice.conv_id);
    const why = whyNot(notice, {
      settings,
      conversation: conversation.notify,
      seenEvent,
      isStillWanted,
      now: deps.now(),
    });
    const message: Omit<PushMessage, 'prompt'> = {
      notice_id: deps.newId(),
      kind: notice.kind,
      conv_id: notice.conv_id,
      title: conversation.title,
      what: notice.what,
      at: notice.at,
      waiting: deps.waiting().length,
    };
    if (isStillWanted) tellAgain(notice, why === null, settings.again_after_min);
    if (why !== null) {
      for (const device of devices) note(device, message, notice.kind, 'suppressed', why);
      return;
    }
    told.set(notice.conv_id, { noticeId: message.notice_id, promptId: notice.prompt?.id ?? null });
    await Promise.all(
      devices.map((device) => {
        const { prompt } = notice;
        const buttons = prompt && {
          kind: prompt.kind,
          tool: prompt.tool,
          allow: button(notice, 'allow'),
          deny: button(notice, 'deny'),
        };
        return sendTo(device, { ...message, prompt: buttons }, notice.kind);
      }),
    );
  }

  /** A prompt is answered: what still shows it is taken off. */
  async function withdraw(convId: string, promptId: string): Promise<void> {
    store.dropActions(promptId);
    asked.delete(promptId);
    const shown = told.get(convId);
    if (shown?.promptId !== promptId) return;
    told.delete(convId);
    // Another one waits there: the line is for that now.
    const next = deps.waiting().findLast(({ conv_id }) => conv_id === convId);
    if (next)
      return tell({
        kind: 'needs_me',
        conv_id: convId,
        event_id: Number.POSITIVE_INFINITY,
        what: askedBy(next),
        prompt: next,
        at: next.opened_at,
      });
    const title = deps.conversation(convId)?.title ?? convId;
    const message: PushMessage = {
      notice_id: shown.noticeId,
      kind: 'withdraw',
      conv_id: convId,
      title,
      what: '',
      prompt: null,
      at: deps.now().toISOString(),
      waiting: deps.waiting().length,
    };
    await Promise.all(
      store.devices().map((device) =>
        // What was told is not wrong because it could not be taken back.
        deps.channels[device.kind]
          .send(device, message)
          .catch((error) => deps.warn(error, 'a push could not be withdrawn')),
      ),
    );
  }

  return {
    onEvent(event: StoredEvent): void {
      if (event.type === 'prompt.closed') later(0, () => withdraw(event.conv_id, event.prompt_id));
      const notice = noticeOf(event);
      if (notice) later(seenWithinMs, () => tell(notice));
    },
    /** Sends a device a test, whatever the settings say. */
    test(device: StoredDevice): Promise<Delivery> {
      const message: PushMessage = {
        notice_id: deps.newId(),
        kind: 'test',
        conv_id: '',
        title: 'Switchboard',
        what: '',
        prompt: null,
        at: deps.now().toISOString(),
        waiting: deps.waiting().length,
      };
      return sendTo(device, message, 'test');
    },
    /** What a device reports of a notice. False where it is not one of ours. */
    report(endpoint: string, noticeId: string, state: Delivery['state'], detail: string | null): boolean {
      const device = store.devices().find(({ url }) => url === endpoint);
      if (!device) return false;
      const before = store
        .deliveries(200)
        .find(({ notice_id, device_id }) => notice_id === noticeId && device_id === device.id);
      if (!before) return false;
      note(device, before, before.kind, state, detail);
      return true;
    },
    /** The decision that a button stands for; it works once. */
    takeAction: (token: string) => store.takeAction(hashOf(token)),
    dispose(): void {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
