import { useState } from 'preact/hooks';
import { messages } from '../../i18n/messages.ts';
import { lazy } from '../../ui/lazy.tsx';
import { duration } from '../../ui/when.tsx';
import type { Receipt as ReceiptOf } from './receipt.ts';

export type Cost = { ms: number | null; usd: number | null };

type ReceiptProps = {
  receipt: ReceiptOf;
  cost: Cost;
  project: string;
  /** Set where the server knows the turn: what it changed can be undone there. */
  turnId: string | undefined;
};

const Changes = lazy(async () => (await import('./changes.tsx')).Changes);

/** What a turn did: one line that opens to its files and commands. Draws nothing for a turn that did nothing. */
export function Receipt({ receipt, cost, project, turnId }: ReceiptProps) {
  const [isOpen, setOpen] = useState(false);
  const t = messages.value;
  const { files, commands, tests, denied = 0 } = receipt;
  const failed = commands.filter(({ exit }) => exit !== 0).length;
  const added = files.reduce((sum, file) => sum + file.added, 0);
  const removed = files.reduce((sum, file) => sum + file.removed, 0);
  const line = (
    <>
      {files.length > 0 && (
        <span>
          {t.files(files.length)} <span class="added">+{added}</span> <span class="removed">−{removed}</span>
        </span>
      )}
      {commands.length > 0 && (
        <span>
          {t.commands(commands.length)}
          {failed > 0 && <span class="removed"> {t.failedSteps(failed)}</span>}
        </span>
      )}
      {denied > 0 && <span>{t.deniedSteps(denied)}</span>}
      {tests && (
        <span>
          {tests.passed > 0 && <span class="added">{t.testsPassed(tests.passed)} </span>}
          {tests.failed > 0 && <span class="removed">{t.testsFailed(tests.failed)}</span>}
        </span>
      )}
      {cost.ms !== null && <span>{duration(cost.ms)}</span>}
      {cost.usd !== null && cost.usd > 0 && <span>{t.money(cost.usd)}</span>}
    </>
  );
  if (!files.length && !commands.length)
    return cost.ms === null && !cost.usd && !denied ? null : <p class="receipt">{line}</p>;
  return (
    <details class="receipt">
      <summary aria-label={t.receipt}>{line}</summary>
      <ul>
        {files.map(({ file, added: plus, removed: minus }) => (
          <li key={file}>
            <code>{file.replace(`${project}/`, '')}</code> <span class="added">+{plus}</span>{' '}
            <span class="removed">−{minus}</span>
          </li>
        ))}
        {commands.map(({ command, exit }, index) => (
          <li key={index}>
            <code>{command.length > 120 ? `${command.slice(0, 120)}…` : command}</code>{' '}
            <span class={exit === 0 ? 'added' : 'removed'}>{exit === null ? t.stopped : t.exit(exit)}</span>
          </li>
        ))}
      </ul>
      {turnId && (
        <button type="button" class="plain" onClick={() => setOpen(true)}>
          {t.changesAndUndo}
        </button>
      )}
      {turnId && isOpen && <Changes turnId={turnId} onClose={() => setOpen(false)} />}
    </details>
  );
}
