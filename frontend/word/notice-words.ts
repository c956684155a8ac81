import type { PushMessage } from '../../contract/push.ts';

type NoticeWords = {
  allow: string;
  deny: string;
  open: string;
  failedTitle: string;
  answered: string;
  body(kind: PushMessage['kind'], prompt: PushMessage['prompt'], what: string): string;
};

const en: NoticeWords = {
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
    if (prompt?.kind === 'plan') return `A plan to accept: ${what}`;
    return 'The budget is used up.';
  },
};

const de: NoticeWords = {
  allow: 'Erlauben',
  deny: 'Ablehnen',
  open: 'Öffnen',
  failedTitle: 'Das kam nicht an',
  answered: 'Beantwortet.',
  body(kind, prompt, what) {
    if (kind === 'test') return 'Meldungen kommen auf diesem Gerät an.';
    if (kind === 'finished') return what || 'Fertig.';
    if (kind === 'failed') return `Fehlgeschlagen: ${what}`;
    if (prompt?.kind === 'permission') return `Darf Claude ${prompt.tool} verwenden? ${what}`;
    if (prompt?.kind === 'question') return `Claude fragt: ${what}`;
    if (prompt?.kind === 'plan') return `Ein Plan zum Annehmen: ${what}`;
    return 'Das Budget ist aufgebraucht.';
  },
};

/** What notifications say, in a language of the page. */
export const noticeWords = (language: string): NoticeWords => (language === 'de' ? de : en);
