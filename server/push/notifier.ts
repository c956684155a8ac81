import { randomBytes } from 'node:crypto';
import type { NoticeKind } from '../../contract/common.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { Prompt } from '../../contract/prompt.ts';
import type { Delivery, PushMessage } from '../../contract/push.ts';
import { hashToken } from '../util/hash-token.ts';
import { DeviceSender, type DeviceSenderDeps } from './device-sender.ts';
import { fitsNotice, type Notice, noticeOf, summarizePrompt } from './notification.ts';
import { suppressionReason } from './policy.ts';
import type { PushStore, StoredDevice } from './port.ts';
import { Reminders } from './reminders.ts';
import type { Seen } from './seen.ts';

/** A page that shows an event reports that within this time; only after it a push is considered. */
const seenTimeoutMs = 2500;

/** Among how many of the newest deliveries a reported one is looked for. */
const maxReported = 200;

export type NotifierDeps = DeviceSenderDeps & {
  seen: Seen;
  /**
   * The title of a conversation, and the kinds of notices that it sends; null if the conversation does not
   * exist.
   */
  conversation(id: string): { title: string; notify: readonly NoticeKind[] | null } | null;
  /** The open prompts, oldest first. */
  waiting(): Prompt[];
  newId(): string;
};

export const createNotifier = (deps: NotifierDeps): Notifier => new Notifier(deps);

/** Notifies devices of what a person wants to know, and withdraws a notice whose prompt was answered. */
export class Notifier {
  readonly #deps: NotifierDeps;
  readonly #store: PushStore;
  readonly #sender: DeviceSender;
  readonly #reminders = new Reminders((delayMs, work) => this.#runLater(delayMs, work));
  readonly #timers = new Set<NodeJS.Timeout>();
  /** By conversation: the notice that devices may still show. */
  readonly #shown = new Map<string, { noticeId: string; promptId: string | null }>();

  constructor(deps: NotifierDeps) {
    this.#deps = deps;
    this.#store = deps.store;
    this.#sender = new DeviceSender(deps);
  }

  onEvent(event: StoredEvent): void {
    if (event.type === 'prompt.closed')
      this.#runLater(0, () => this.#withdrawPrompt(event.conv_id, event.prompt_id));
    const notice = noticeOf(event);
    if (notice) this.#runLater(seenTimeoutMs, () => this.#announceNotice(notice, { isReminder: false }));
  }

  /** Sends a test to a device, whatever the settings say. */
  test(device: StoredDevice): Promise<Delivery> {
    const at = this.#deps.now().toISOString();
    const message = { conv_id: '', title: 'Switchboard', what: '', prompt: null, at };
    return this.#sender.sendMessage(device, { ...message, ...this.#newIds(), kind: 'test' });
  }

  /** Logs what a device reports about a notice. False if the notice is unknown. */
  report(endpoint: string, noticeId: string, state: Delivery['state'], detail: string | null): boolean {
    const device = this.#store.devices().find(({ url }) => url === endpoint);
    const delivery = this.#store
      .deliveries(maxReported)
      .find(({ notice_id, device_id }) => notice_id === noticeId && device_id === device?.id);
    if (!device || !delivery) return false;
    this.#sender.logDelivery(device, { ...delivery, state, detail });
    return true;
  }

  /** The decision of a button; a token works once. */
  takeAction(token: string): ReturnType<PushStore['takeAction']> {
    return this.#store.takeAction(hashToken(token));
  }

  dispose(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #runLater(delayMs: number, work: () => Promise<void>): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work().catch((error) => this.#deps.warn(error, 'failed to send push notifications'));
    }, delayMs);
    timer.unref();
    this.#timers.add(timer);
  }

  #newIds(): Pick<PushMessage, 'notice_id' | 'waiting'> {
    return { notice_id: this.#deps.newId(), waiting: this.#deps.waiting().length };
  }

  async #announceNotice(notice: Notice, { isReminder }: { isReminder: boolean }): Promise<void> {
    const conversation = this.#deps.conversation(notice.conv_id);
    const devices = this.#store.devices();
    if (!conversation || !devices.length) return;
    const settings = this.#store.settings();
    const { prompt, kind, conv_id, what, at } = notice;
    const isStillWanted = prompt === null || this.#deps.waiting().some(({ id }) => id === prompt.id);
    const reason = suppressionReason(notice, {
      settings,
      conversation: conversation.notify,
      // A reminder is for people who have seen the prompt and left.
      seenEvent: isReminder ? 0 : this.#deps.seen.upTo(conv_id),
      isStillWanted,
      now: this.#deps.now(),
    });
    const message = { ...this.#newIds(), kind, conv_id, title: conversation.title, what, at };
    if (prompt && isStillWanted)
      this.#reminders.scheduleReminder(prompt.id, {
        wasSent: reason === null,
        delayMs: settings.again_after_min && settings.again_after_min * 60_000,
        announce: () => this.#announceNotice(notice, { isReminder: true }),
      });
    if (reason !== null) {
      const suppressed = { ...message, state: 'suppressed', detail: reason } as const;
      for (const device of devices) this.#sender.logDelivery(device, suppressed);
      return;
    }
    this.#shown.set(conv_id, { noticeId: message.notice_id, promptId: prompt?.id ?? null });
    await Promise.all(
      devices.map(async (device) =>
        this.#sender.sendMessage(device, { ...message, prompt: prompt && this.#addButtons(prompt) }),
      ),
    );
  }

  #addButtons(prompt: Prompt): NonNullable<PushMessage['prompt']> {
    const { kind, tool } = prompt;
    // Nobody allows what they have not seen completely: then the card of the prompt shows it.
    const allow = fitsNotice(prompt) ? this.#addButton(prompt, 'allow') : null;
    return { kind, tool, allow, deny: this.#addButton(prompt, 'deny') };
  }

  /** A button for one decision on one prompt; its token is in the notification alone. */
  #addButton({ id, conv_id, kind }: Prompt, decision: 'allow' | 'deny'): string | null {
    if (kind !== 'permission') return null;
    const token = randomBytes(24).toString('base64url');
    this.#store.addAction({ hash: hashToken(token), prompt_id: id, conv_id, decision });
    return token;
  }

  /** A prompt was closed: removes its notice from devices, or replaces it by that of the next prompt. */
  async #withdrawPrompt(convId: string, promptId: string): Promise<void> {
    this.#store.dropActions(promptId);
    this.#reminders.forgetPrompt(promptId);
    const shown = this.#shown.get(convId);
    if (shown?.promptId !== promptId) return;
    this.#shown.delete(convId);
    const next = this.#deps.waiting().findLast(({ conv_id }) => conv_id === convId);
    if (next) {
      const notice = { kind: 'needs_me', conv_id: convId, event_id: Number.POSITIVE_INFINITY } as const;
      const what = summarizePrompt(next);
      return this.#announceNotice(
        { ...notice, what, prompt: next, at: next.opened_at },
        { isReminder: false },
      );
    }
    await this.#sender.withdrawMessage({
      notice_id: shown.noticeId,
      kind: 'withdraw',
      conv_id: convId,
      title: this.#deps.conversation(convId)?.title ?? convId,
      what: '',
      prompt: null,
      at: this.#deps.now().toISOString(),
      waiting: this.#deps.waiting().length,
    });
  }
}
