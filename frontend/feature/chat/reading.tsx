import { useMemo } from 'preact/hooks';
import type { HistoryPage } from '../../../contract/message.ts';
import { History } from './history.tsx';
import { toRows } from './view.ts';

/** What was said in a session, for reading alone. */
export function Reading({
  messages,
  turns,
  before,
  project,
}: Pick<HistoryPage, 'messages' | 'turns' | 'before'> & { project: string }) {
  const rows = useMemo(() => toRows(messages, turns), [messages, turns]);
  return <History rows={rows} project={project} hasBefore={before !== null} />;
}
