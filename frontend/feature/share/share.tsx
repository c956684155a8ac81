import { useEffect, useState } from 'preact/hooks';
import { shareMessages } from '../../i18n/share-messages.ts';
import { rows } from '../../state/list.ts';
import { conversationPath, navigate } from '../../state/route.ts';
import { database, type Shared } from '../../store/database.ts';

/** Why nothing was taken: another page sent it, or that could not be checked. */
const refusalOf = (search: string) => {
  const reason = new URLSearchParams(search).get('refused');
  return reason === 'foreign' || reason === 'offline' ? reason : null;
};

/** What another app has shared: into which conversation it goes. `take` puts it into the box there. */
export function Share({ take }: { take(id: string, text: string, files: Shared['files']): void }) {
  const [shared, setShared] = useState<Shared | null | undefined>(undefined);
  const t = shareMessages.value;
  const refused = refusalOf(location.search);
  useEffect(() => {
    if (refused) return setShared(null);
    database()
      .then((db) => db.getAll('shared'))
      .then((all) => setShared(all.at(-1) ?? null))
      .catch(() => setShared(null));
  }, [refused]);

  async function choose(id: string): Promise<void> {
    if (!shared) return;
    take(id, shared.text, shared.files);
    await (await database()).clear('shared').catch(() => {});
    navigate(conversationPath(id), { replace: true });
  }

  if (shared === undefined) return null;
  return (
    <main class="settings">
      <h1>{t.shareWhere}</h1>
      {refused && <p role="alert">{refused === 'foreign' ? t.shareFromPage : t.shareOffline}</p>}
      {shared === null && !refused && <p class="quiet-line">{t.nothingShared}</p>}
      {shared?.from && <p class="quiet-line">{shared.from === 'app' ? t.sharedByApp : t.sharedByUs}</p>}
      {shared && (
        <blockquote dir="auto">
          {shared.text}
          {shared.files.map(({ name }) => (
            <p key={name}>📎 {name}</p>
          ))}
        </blockquote>
      )}
      {!refused && (
        <ul class="rows">
          {rows.value.map((row) => (
            <li key={row.id}>
              <button
                type="button"
                class="plain row-main"
                disabled={!shared}
                onClick={() => void choose(row.id)}
                dir="auto"
              >
                {row.title}
              </button>
            </li>
          ))}
        </ul>
      )}
    </main>
  );
}
