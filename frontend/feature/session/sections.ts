import type { Session } from '../../../contract/session.ts';

export type Section = {
  key: string;
  name: 'waiting' | 'live' | 'earlier' | 'project';
  project: string | null;
  sessions: Session[];
};

const recentMs = 7 * 86_400_000;

/** What waits for a person, what is live, the last days by project, and all that is older. */
export function toSections(sessions: readonly Session[], now: number): Section[] {
  const sections = new Map<string, Section>();
  const put = (key: string, name: Section['name'], project: string | null, session: Session) => {
    const known = sections.get(key) ?? { key, name, project, sessions: [] };
    known.sessions.push(session);
    sections.set(key, known);
  };
  for (const session of sessions) if (session.state === 'waiting') put('waiting', 'waiting', null, session);
  for (const session of sessions)
    if (session.state === 'running' || session.state === 'idle') put('live', 'live', null, session);
  for (const session of sessions) {
    if (session.state !== 'ended') continue;
    const isRecent = now - Date.parse(session.modified_at) < recentMs && session.project !== null;
    if (isRecent) put(`in ${session.project}`, 'project', session.project, session);
  }
  const shown = new Set([...sections.values()].flatMap((section) => section.sessions));
  for (const session of sessions) if (!shown.has(session)) put('earlier', 'earlier', null, session);
  return [...sections.values()];
}
