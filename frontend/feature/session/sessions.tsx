import type { ComponentChildren, ComponentType } from 'preact';
import type { HistoryPage } from '../../../contract/message.ts';
import { sessionMessages } from '../../i18n/session-messages.ts';
import { navigate } from '../../state/route.ts';
import { Icon } from '../../ui/icon.tsx';
import { SessionList } from './list.tsx';
import { OneSession } from './session.tsx';
import './sessions.css';

type SessionsProps = {
  id: string | null;
  /** Where the way back leads. */
  home: string;
  /** What is the matter. */
  lines: ComponentChildren;
  /** Shows what was said. */
  History: ComponentType<Pick<HistoryPage, 'messages' | 'turns' | 'before'> & { project: string }>;
};

/** All sessions on the machine, whichever program started them: find, read and continue them. */
export function Sessions({ id, home, lines, History }: SessionsProps) {
  const t = sessionMessages.value;
  return (
    <main class="sessions">
      <header class="sessions-head">
        <button
          type="button"
          class="plain"
          aria-label={t.back}
          onClick={() => navigate(id === null ? home : '/sessions')}
        >
          <Icon name="back" />
        </button>
        <h1>{t.sessions}</h1>
      </header>
      {lines}
      {id === null ? <SessionList /> : <OneSession key={id} id={id} History={History} />}
    </main>
  );
}
