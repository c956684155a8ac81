import type { NotificationMessages } from '../en/notifications.ts';

export const notifications: NotificationMessages = {
  allow: 'Erlauben',
  deny: 'Ablehnen',
  open: 'Öffnen',
  failedTitle: 'Deine Antwort konnte nicht gesendet werden',
  answered: 'Beantwortet.',
  body(kind, prompt, what) {
    if (kind === 'test') return 'Benachrichtigungen funktionieren auf diesem Gerät.';
    if (kind === 'finished') return what || 'Fertig.';
    if (kind === 'failed') return `Fehlgeschlagen: ${what}`;
    if (prompt?.kind === 'permission') return `Darf Claude ${prompt.tool} verwenden? ${what}`;
    if (prompt?.kind === 'question') return `Claude fragt: ${what}`;
    if (prompt?.kind === 'plan') return `Plan prüfen: ${what}`;
    return 'Das Budget ist aufgebraucht.';
  },
};
