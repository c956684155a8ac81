import { expect } from 'vitest';
import type { Session } from '../../../../../contract/session.ts';
import { toSections } from '../../../../../frontend/feature/session/sections.ts';
import { verifies } from '../../../../requirement/verifies.ts';

verifies(
  'page.sessions',
  'shows what needs a person first, then what is live, the last days by project, and all that is older',
  () => {
    const session = (id: string, state: Session['state'], project: string | null, modified_at: string) =>
      ({ id, state, project, modified_at }) as Session;
    const now = Date.parse('2026-01-10T00:00:00Z');
    const sections = toSections(
      [
        session('rests', 'idle', '/p/a', '2026-01-09T12:00:00Z'),
        session('asks', 'waiting', '/p/b', '2026-01-01T00:00:00Z'),
        session('works', 'running', '/p/a', '2026-01-08T00:00:00Z'),
        session('a1', 'ended', '/p/a', '2026-01-09T00:00:00Z'),
        session('b1', 'ended', '/p/b', '2026-01-08T00:00:00Z'),
        session('a2', 'ended', '/p/a', '2026-01-07T00:00:00Z'),
        session('nowhere', 'ended', null, '2026-01-06T00:00:00Z'),
        session('old', 'ended', '/p/a', '2026-01-01T00:00:00Z'),
      ],
      now,
    );
    expect(
      sections.map(({ name, project, sessions }) => [name, project, sessions.map(({ id }) => id)]),
    ).toEqual([
      ['waiting', null, ['asks']],
      ['live', null, ['rests', 'works']],
      ['project', '/p/a', ['a1', 'a2']],
      ['project', '/p/b', ['b1']],
      ['earlier', null, ['nowhere', 'old']],
    ]);
  },
);
