import type { PushMessage } from '../../contract/push.ts';
import { notifications as de } from './de/notifications.ts';
import { notifications as en } from './en/notifications.ts';

export type NotificationMessages = {
  allow: string;
  deny: string;
  open: string;
  failedTitle: string;
  answered: string;
  body(kind: PushMessage['kind'], prompt: PushMessage['prompt'], what: string): string;
};

/** What notifications say, in a language of the page. */
export const notificationMessages = (language: string): NotificationMessages => (language === 'de' ? de : en);
