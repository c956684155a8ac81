import type { PushMessage } from '../../../contract/push.ts';

export type NotificationMessages = {
  allow: string;
  deny: string;
  open: string;
  failedTitle: string;
  answered: string;
  body(kind: PushMessage['kind'], prompt: PushMessage['prompt'], what: string): string;
};

export const notifications: NotificationMessages = {
  allow: 'Allow',
  deny: 'Deny',
  open: 'Open',
  failedTitle: 'Your answer could not be sent',
  answered: 'Answered.',
  body(kind, prompt, what) {
    if (kind === 'test') return 'Notifications work on this device.';
    if (kind === 'finished') return what || 'Finished.';
    if (kind === 'failed') return `Failed: ${what}`;
    if (prompt?.kind === 'permission') return `May Claude use ${prompt.tool}? ${what}`;
    if (prompt?.kind === 'question') return `Claude asks: ${what}`;
    if (prompt?.kind === 'plan') return `Review the plan: ${what}`;
    return 'The budget is used up.';
  },
};
