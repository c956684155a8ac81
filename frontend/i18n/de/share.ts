import type { share as english } from '../en/share.ts';

/** Texte für das, was eine andere App teilt. */
export const share: typeof english = {
  nothingShared: 'Es wurde nichts geteilt.',
  shareFromPage: 'Eine andere Webseite wollte hier etwas teilen. Es wurde nichts übernommen.',
  shareOffline:
    'Es wurde nichts übernommen: Ohne Verbindung lässt sich nicht prüfen, woher es kommt. Teile es später noch einmal.',
  sharedByApp: 'Von einer anderen App auf diesem Gerät geteilt.',
  sharedByUs: 'Von dieser Seite geteilt.',
  shareWhere: 'In welche Unterhaltung?',
};
