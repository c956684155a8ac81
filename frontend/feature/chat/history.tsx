import type { HistoryMessage } from '../../../contract/message.ts';
import { messages } from '../../i18n/messages.ts';
import { prefs } from '../../state/prefs.ts';
import { Markdown } from '../../ui/markdown.tsx';
import { receiptOf } from './receipt.ts';
import { Receipt } from './receipt-card.tsx';
import { Answered, Said } from './turn.tsx';
import type { Row } from './view.ts';
import { Window } from './window.tsx';

/** So many rows come and go together. */
const perWindow = 8;

/**
 * The rows of the history, of which those far from what is seen are not drawn. To be kept by who draws it while
 * `rows` are the same: what streams in below then costs nothing here.
 */
export function History({
  rows,
  project,
  hasBefore,
}: {
  rows: readonly Row[];
  project: string;
  hasBefore: boolean;
}) {
  // From the end, so that older rows in front move none to another window.
  const windows: Row[][] = [];
  for (let end = rows.length; end > 0; end -= perWindow)
    windows.unshift(rows.slice(Math.max(0, end - perWindow), end));
  return (
    <>
      {windows.map((own, index) => (
        <Window key={own.at(-1)?.key} isPinned={index === windows.length - 1}>
          {() =>
            own.map((row) => (
              <HistoryRow key={row.key} row={row} project={project} isPart={hasBefore && row === rows[0]} />
            ))
          }
        </Window>
      ))}
    </>
  );
}

/** `isPart`: it begins on a page that was not read yet. */
function HistoryRow({ row, project, isPart }: { row: Row; project: string; isPart: boolean }) {
  if (row.type === 'note') return <Note message={row.message} />;
  const { user, parts, record } = row;
  const cost = record
    ? {
        ms: Date.parse(record.ended_at) - Date.parse(record.started_at) - (record.waited_ms ?? 0),
        usd: record.cost_usd,
      }
    : { ms: null, usd: null };
  return (
    <>
      {user && (
        <Said
          text={user.text}
          at={user.at}
          isCommand={user.kind === 'command'}
          attachments={attachmentsOf(user, record?.attachments)}
        />
      )}
      {parts.length > 0 && <Answered parts={parts} project={project} at={row.until} />}
      {parts.length > 0 && (
        <Receipt
          receipt={receiptOf(isPart && !user ? [] : parts)}
          cost={cost}
          project={project}
          turnId={record?.turn_id}
        />
      )}
    </>
  );
}

/** The transcript knows of an attachment only what it is; what it was called is kept with its turn. */
function attachmentsOf({ parts }: HistoryMessage, names: readonly string[] = []): string[] {
  const found = parts.flatMap((part) => (part.type === 'attachment' ? [part.media_type] : []));
  return names.length >= found.length ? [...names] : found;
}

/** What the CLI itself said. */
function Note({ message }: { message: HistoryMessage }) {
  const { kind, text } = message;
  if (prefs.value.quiet && kind !== 'error' && kind !== 'output') return null;
  if (kind === 'summary') {
    return (
      <details class="tool">
        <summary class="quiet-line">{messages.value.summary}</summary>
        <Markdown text={text} />
      </details>
    );
  }
  return (
    <div class={kind === 'error' ? 'problem' : 'note'}>
      <Markdown text={text} />
    </div>
  );
}
