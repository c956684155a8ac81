import { useEffect, useState } from 'preact/hooks';
import { describeFailure } from './i18n/errors.ts';
import { locale, messages } from './i18n/messages.ts';
import { leaving, titleOf, undoDelete } from './state/list.ts';
import { link } from './state/live.ts';
import { isOutdated, lastError } from './state/session.ts';
import { isDeleted, savedAt } from './state/thread.ts';
import { reloadPage } from './state/update.ts';
import { exact } from './ui/when.tsx';

/** A connection that comes back within this time is not reported as lost. */
const patienceMs = 1500;

/** Shows the most important status message. */
export function Lines() {
  const t = messages.value;
  const isLost = useLasting(link.value === 'lost' || link.value === 'connecting');
  const gone = leaving.value.at(-1);
  if (gone !== undefined) {
    return (
      <p class="line" role="status">
        {t.deleted(titleOf(gone))}
        <button type="button" onClick={() => undoDelete(gone)}>
          {t.undo}
        </button>
      </p>
    );
  }
  if (lastError.value) {
    return (
      <p class="problem" role="alert">
        {describeFailure(lastError.value)}
      </p>
    );
  }
  if (isDeleted.value) {
    return (
      <p class="problem" role="alert">
        {t.wasDeleted}
      </p>
    );
  }
  if (isOutdated()) {
    return (
      <p class="line" role="status">
        {t.outdated}
        <button type="button" onClick={() => void reloadPage()}>
          {t.reload}
        </button>
      </p>
    );
  }
  if (isLost) {
    return (
      <p class="line" role="status">
        {savedAt.value ? t.lostShowing(exact(savedAt.value, locale.value)) : t.lost}
      </p>
    );
  }
  if (link.value === 'polling') {
    return (
      <p class="line" role="status">
        {t.polling}
      </p>
    );
  }
  return null;
}

/** True when something has held for a while. */
function useLasting(holds: boolean): boolean {
  const [isLasting, setLasting] = useState(false);
  useEffect(() => {
    if (!holds) {
      setLasting(false);
      return;
    }
    const timer = setTimeout(() => setLasting(true), patienceMs);
    return () => clearTimeout(timer);
  }, [holds]);
  return isLasting;
}
