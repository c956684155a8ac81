/** How often one prompt is announced at most. */
const maxAnnouncements = 4;

type Reminder = { announcements: number; isScheduled: boolean };

/** Counts how often each prompt was announced, and announces it again while it waits. */
export class Reminders {
  readonly #schedule: (delayMs: number, work: () => Promise<void>) => void;
  readonly #byPrompt = new Map<string, Reminder>();

  constructor(schedule: (delayMs: number, work: () => Promise<void>) => void) {
    this.#schedule = schedule;
  }

  /**
   * Schedules the next announcement of a prompt; `delayMs` null: never. One that was not sent, because of
   * quiet hours or because a page has shown the prompt, does not count (`wasSent` false).
   */
  scheduleReminder(
    promptId: string,
    { wasSent, delayMs, announce }: { wasSent: boolean; delayMs: number | null; announce(): Promise<void> },
  ): void {
    const reminder = this.#byPrompt.get(promptId) ?? { announcements: 0, isScheduled: false };
    if (wasSent) reminder.announcements += 1;
    this.#byPrompt.set(promptId, reminder);
    const isDone = delayMs === null || reminder.announcements >= maxAnnouncements;
    if (reminder.isScheduled || isDone) return;
    reminder.isScheduled = true;
    this.#schedule(delayMs, async () => {
      reminder.isScheduled = false;
      await announce();
    });
  }

  forgetPrompt(promptId: string): void {
    this.#byPrompt.delete(promptId);
  }
}
