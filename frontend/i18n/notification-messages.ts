import { notifications as de } from './de/notifications.ts';
import { notifications as en, type NotificationMessages } from './en/notifications.ts';

/** What notifications say, in a language of the page. */
export const notificationMessages = (language: string): NotificationMessages => (language === 'de' ? de : en);
