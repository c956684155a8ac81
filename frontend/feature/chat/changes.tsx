import { useEffect, useState } from 'preact/hooks';
import type { Answer } from '../../../contract/endpoint.ts';
import { ApiError, call } from '../../api/client.ts';
import { changeMessages } from '../../i18n/change-messages.ts';
import { describeFailure, type Failure } from '../../i18n/errors.ts';
import type { DiffLine } from '../../ui/diff-head.ts';
import { DiffLines } from '../../ui/diff-lines.tsx';
import { Sheet } from '../../ui/sheet.tsx';

type Changed = Answer<'readChanges'>;

/** What a turn changed in its git project, with the ways to undo it and to do it again. */
export function Changes({ turnId, onClose }: { turnId: string; onClose(): void }) {
  const [found, setFound] = useState<Changed | null>(null);
  const [problem, setProblem] = useState<Failure | null>(null);
  const [isBusy, setBusy] = useState(false);
  const t = changeMessages.value;
  const params = { id: turnId };

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await work();
      setFound(await call('readChanges', { params }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.failure);
    }
    setBusy(false);
  }
  useEffect(() => void attempt(async () => {}), []);
  const undo = (body: { files?: string[]; redo?: boolean }) =>
    void attempt(() => call('undoTurn', { params, body }));

  const all = found?.files ?? [];
  const isUndone = all.length > 0 && all.every(({ now }) => now === 'undone');
  return (
    <Sheet title={t.changes} onClose={onClose}>
      {problem && (
        <p class="problem" role="alert">
          {describeFailure(problem)}
        </p>
      )}
      {found && !all.length && <p class="quiet-line">{t.noChanges}</p>}
      <ul class="rows">
        {all.map(({ path, added, removed, now }) => (
          <li key={path}>
            <span>
              <code>{path}</code> <span class="added">+{added ?? '?'}</span>{' '}
              <span class="removed">−{removed ?? '?'}</span> {t.nowStates[now]}
            </span>
            {now === 'as_left' && all.length > 1 && (
              <button type="button" class="plain" disabled={isBusy} onClick={() => undo({ files: [path] })}>
                {t.undoOne}
              </button>
            )}
          </li>
        ))}
      </ul>
      {all.length > 0 && (
        <div class="choices">
          {isUndone ? (
            <button type="button" disabled={isBusy} onClick={() => undo({ redo: true })}>
              {t.redoAll}
            </button>
          ) : (
            <button
              type="button"
              class="danger"
              disabled={isBusy}
              onClick={() =>
                undo({ files: all.filter(({ now }) => now !== 'undone').map(({ path }) => path) })
              }
            >
              {t.undoAll}
            </button>
          )}
        </div>
      )}
      {found?.diff && (
        <details>
          <summary>{t.theDiff}</summary>
          <DiffLines lines={toLines(found.diff)} />
        </details>
      )}
    </Sheet>
  );
}

/** The lines of a diff of git. */
const toLines = (diff: string): DiffLine[] =>
  diff.split('\n').map((text) => ({
    kind: /^\+(?!\+\+)/.test(text) ? 'added' : /^-(?!--)/.test(text) ? 'removed' : undefined,
    text,
  }));
