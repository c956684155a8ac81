import { computed } from '@preact/signals';
import { plural } from './plural.ts';
import { locale, words } from './words.ts';

const en = {
  advice: 'What happened',
  cost: 'cost',
  earlier: 'Earlier',
  endTerminal: 'End the terminal',
  interruptIt: 'Interrupt',
  openAtDesk: 'It is open at the desk. To sit down at it there:',
  openTerminal: 'Open in a terminal',
  screen: 'The screen of the terminal',
  typeThere: 'Type into the terminal',
  findSessions: 'Search in all that was said',
  forkIt: 'Continue in a copy',
  goOn: 'Continue here',
  indexing: (done: number) => `The transcripts are being read: ${done} % can be searched so far.`,
  lastCommand: 'last command',
  lastOutput: 'its output',
  liveElsewhere: 'A process has this session open. Write to it there, wait until it has ended, or continue in a copy.',
  moreSessions: 'More',
  newestFirst: 'Very much was found: the newest comes first.',
  noSessions: 'No session was found.',
  openConversation: 'Open its conversation',
  roles: { user: 'You', assistant: 'Claude', tool: 'Tool', output: 'Output' },
  sections: { waiting: 'Need you', live: 'Live' },
  sessions: 'Sessions of this machine',
  sessionStates: { running: 'running', waiting: 'waits for you', idle: 'open', ended: 'ended' },
  turnsOf: (count: number) => plural('en', count, { one: '# message', other: '# messages' }),
  untitled: 'Without words',
};

const de: typeof en = {
  advice: 'Was geschehen ist',
  cost: 'Kosten',
  earlier: 'Früher',
  endTerminal: 'Terminal beenden',
  interruptIt: 'Unterbrechen',
  openAtDesk: 'Sie ist am Schreibtisch offen. Um sich dort davorzusetzen:',
  openTerminal: 'In einem Terminal öffnen',
  screen: 'Der Bildschirm des Terminals',
  typeThere: 'In das Terminal schreiben',
  findSessions: 'In allem suchen, was gesagt wurde',
  forkIt: 'In einer Kopie weiterführen',
  goOn: 'Hier weiterführen',
  indexing: (done) => `Die Mitschriften werden gelesen: ${done} % sind schon durchsuchbar.`,
  lastCommand: 'letzter Befehl',
  lastOutput: 'seine Ausgabe',
  liveElsewhere: 'Ein Prozess hat diese Sitzung offen. Schreib dort hinein, warte auf sein Ende oder führe sie in einer Kopie weiter.',
  moreSessions: 'Mehr',
  newestFirst: 'Sehr viel wurde gefunden: das Neueste kommt zuerst.',
  noSessions: 'Keine Sitzung wurde gefunden.',
  openConversation: 'Ihre Unterhaltung öffnen',
  roles: { user: 'Du', assistant: 'Claude', tool: 'Werkzeug', output: 'Ausgabe' },
  sections: { waiting: 'Brauchen dich', live: 'Offen' },
  sessions: 'Sitzungen dieses Rechners',
  sessionStates: { running: 'läuft', waiting: 'wartet auf dich', idle: 'offen', ended: 'beendet' },
  turnsOf: (count) => plural('de', count, { one: '# Nachricht', other: '# Nachrichten' }),
  untitled: 'Ohne Worte',
};

/** The words of the page with those of the sessions, which come with them. */
export const sessionWords = computed(() => ({ ...words.value, ...(locale.value === 'de' ? de : en) }));
