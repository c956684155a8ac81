import { useEffect, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import { ApiError, call } from '../../api/client.ts';
import { changeMessages } from '../../i18n/change-messages.ts';
import { describeFailure, type Failure } from '../../i18n/errors.ts';
import type { DiffLine } from '../../ui/diff-head.ts';
import { DiffLines } from '../../ui/diff-lines.tsx';
import { Sheet } from '../../ui/sheet.tsx';

type Changed = Answer<'readChanges'>;

/** What a turn changed in its git project, with the ways to undo and redo it. */
export function Changes({ turnId, onClose }: { turnId: string; onClose(): void }) {
  const [changed, setChanged] = useState<Changed | null>(null);
  const [problem, setProblem] = useState<Failure | null>(null);
  const [isBusy, setBusy] = useState(false);
  const t = changeMessages.value;
  const params = { id: turnId };

  async function reloadAfter(work: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      setChanged(await call('readChanges', { params }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.failure);
    }
    setBusy(false);
  }
  useEffect(() => void reloadAfter(async () => {}), []);
  const undo = (body: UndoBody) => void reloadAfter(() => call('undoTurn', { params, body }));

  return (
    <Sheet title={t.changes} onClose={onClose}>
      {problem && (
        <p class="problem" role="alert">
          {describeFailure(problem)}
        </p>
      )}
      {changed && !changed.files.length && <p class="quiet-line">{t.noChanges}</p>}
      <FileList files={changed?.files ?? []} isBusy={isBusy} undo={undo} />
      {changed?.diff && (
        <details>
          <summary>{t.theDiff}</summary>
          <DiffLines lines={toLines(changed.diff)} />
        </details>
      )}
    </Sheet>
  );
}

type UndoBody = { files?: string[]; redo?: boolean };
type FileListProps = { files: Changed['files']; isBusy: boolean; undo(body: UndoBody): void };

function FileList({ files, isBusy, undo }: FileListProps) {
  const t = changeMessages.value;
  const remaining = files.filter(({ now }) => now !== 'undone').map(({ path }) => path);
  return (
    <>
      <ul class="rows">
        {files.map(({ path, added, removed, now }) => (
          <li key={path}>
            <span>
              <code>{path}</code> <span class="added">+{added ?? '?'}</span>{' '}
              <span class="removed">−{removed ?? '?'}</span> {t.nowStates[now]}
            </span>
            {now === 'as_left' && files.length > 1 && (
              <button type="button" class="plain" disabled={isBusy} onClick={() => undo({ files: [path] })}>
                {t.undoOne}
              </button>
            )}
          </li>
        ))}
      </ul>
      {files.length > 0 && (
        <div class="choices">
          {remaining.length ? (
            <button type="button" class="danger" disabled={isBusy} onClick={() => undo({ files: remaining })}>
              {t.undoAll}
            </button>
          ) : (
            <button type="button" disabled={isBusy} onClick={() => undo({ redo: true })}>
              {t.redoAll}
            </button>
          )}
        </div>
      )}
    </>
  );
}

/** The lines of a diff of git. */
const toLines = (diff: string): DiffLine[] =>
  diff.split('\n').map((text) => ({
    kind: /^\+(?!\+\+)/.test(text) ? 'added' : /^-(?!--)/.test(text) ? 'removed' : undefined,
    text,
  }));
