import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import { addressOf, call } from '../../api/client.ts';
import { changeConversation, deleteSoon, rows } from '../../state/list.ts';
import { prefs, setPrefs } from '../../state/prefs.ts';
import { conversationPath, navigate } from '../../state/route.ts';
import { attempt } from '../../state/session.ts';
import { Copy } from '../../ui/copy.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { words } from '../../word/words.ts';

const kinds = ['needs_me', 'finished', 'failed'] as const;

/** What can be done with a conversation. */
export function Actions({
  snapshot,
  handOver,
  onClose,
}: {
  snapshot: ConversationSnapshot;
  handOver: ComponentChildren;
  onClose(): void;
}) {
  const { id, title, pinned, archived, session_id, notify } = snapshot;
  const [name, setName] = useState(title);
  const t = words.value;

  async function fork(): Promise<void> {
    let made = '';
    const isDone = await attempt(async () => {
      made = (await call('forkConversation', { params: { id }, body: {} })).id;
    });
    if (isDone) navigate(conversationPath(made));
    onClose();
  }

  function leave(): void {
    const next = rows.value.find((row) => row.id !== id);
    navigate(next ? conversationPath(next.id) : '/');
    onClose();
  }

  return (
    <Sheet title={title} onClose={onClose}>
      <form
        class="folder-field"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) void changeConversation(id, { title: name.trim() });
        }}
      >
        <input
          aria-label={t.rename}
          value={name}
          maxLength={200}
          dir="auto"
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" disabled={!name.trim() || name.trim() === title}>
          {t.rename}
        </button>
      </form>
      <p class="quiet-line">{snapshot.project}</p>
      <div class="choices">
        <button type="button" onClick={() => void changeConversation(id, { pinned: !pinned })}>
          {pinned ? t.unpin : t.pin}
        </button>
        <button
          type="button"
          onClick={() =>
            void changeConversation(id, { archived: !archived }).then((isDone) => isDone && leave())
          }
        >
          {archived ? t.unarchive : t.archive}
        </button>
        <button type="button" disabled={!session_id} onClick={() => void fork()}>
          {t.fork}
        </button>
        <a
          class="button"
          href={addressOf('exportConversation', { params: { id }, query: { format: 'md' } })}
          download
        >
          {t.exportMd}
        </a>
        <a
          class="button"
          href={addressOf('exportConversation', { params: { id }, query: { format: 'json' } })}
          download
        >
          {t.exportJson}
        </a>
        <button
          type="button"
          class="danger"
          disabled={snapshot.state !== 'idle'}
          title={snapshot.state === 'idle' ? undefined : t.stopFirst}
          onClick={() => {
            deleteSoon(snapshot);
            leave();
          }}
        >
          {t.delete}
        </button>
      </div>
      {snapshot.state !== 'idle' && <p class="quiet-line">{t.stopFirst}</p>}
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.value.quiet}
          onChange={() => setPrefs({ quiet: !prefs.value.quiet })}
        />
        {t.quietView}
      </label>
      <fieldset>
        <legend>{t.notifyFor}</legend>
        <label class="check">
          <input
            type="checkbox"
            checked={notify === null}
            onChange={() => void changeConversation(id, { notify: notify === null ? [...kinds] : null })}
          />
          {t.asInSettings}
        </label>
        {notify !== null &&
          kinds.map((kind) => (
            <label key={kind} class="check">
              <input
                type="checkbox"
                checked={notify.includes(kind)}
                onChange={() =>
                  void changeConversation(id, {
                    notify: notify.includes(kind) ? notify.filter((one) => one !== kind) : [...notify, kind],
                  })
                }
              />
              {t.noticeKinds[kind]}
            </label>
          ))}
      </fieldset>
      {session_id && (
        <p class="in-terminal">
          <span>{t.inTerminal}</span> <code>claude --resume {session_id}</code>{' '}
          <Copy text={`cd ${shellWord(snapshot.project)} && claude --resume ${session_id}`} />
        </p>
      )}
      {handOver}
    </Sheet>
  );
}

const shellWord = (text: string) => (/^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
