import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import { addressOf, call } from '../../api/client.ts';
import { messages } from '../../i18n/messages.ts';
import { changeConversation, deleteSoon, rows } from '../../state/list.ts';
import { prefs, setPrefs } from '../../state/prefs.ts';
import { conversationPath, navigate } from '../../state/route.ts';
import { runReported } from '../../state/session.ts';
import { Copy } from '../../ui/copy.tsx';
import { Sheet } from '../../ui/sheet.tsx';

const kinds = ['needs_me', 'finished', 'failed'] as const;

type ActionsProps = { snapshot: ConversationSnapshot; handOver: ComponentChildren; onClose(): void };

/** What can be done with a conversation. */
export function Actions({ snapshot, handOver, onClose }: ActionsProps) {
  const { title, project, session_id } = snapshot;
  const t = messages.value;
  return (
    <Sheet title={title} onClose={onClose}>
      <RenameForm snapshot={snapshot} />
      <p class="quiet-line">{project}</p>
      <ActionButtons snapshot={snapshot} onClose={onClose} />
      {snapshot.state !== 'idle' && <p class="quiet-line">{t.stopFirst}</p>}
      <label class="check">
        <input
          type="checkbox"
          checked={prefs.value.quiet}
          onChange={() => setPrefs({ quiet: !prefs.value.quiet })}
        />
        {t.quietView}
      </label>
      <NotificationChoices snapshot={snapshot} />
      {session_id && (
        <p class="in-terminal">
          <span>{t.inTerminal}</span> <code>claude --resume {session_id}</code>{' '}
          <Copy text={`cd ${quoteShellWord(project)} && claude --resume ${session_id}`} />
        </p>
      )}
      {handOver}
    </Sheet>
  );
}

function RenameForm({ snapshot: { id, title } }: { snapshot: ConversationSnapshot }) {
  const [name, setName] = useState(title);
  const t = messages.value;
  return (
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
  );
}

/** Copies a conversation and opens the copy. */
async function forkConversation(id: string): Promise<void> {
  let copy = '';
  const isDone = await runReported(async () => {
    copy = (await call('forkConversation', { params: { id }, body: {} })).id;
  });
  if (isDone) navigate(conversationPath(copy));
}

function ActionButtons({ snapshot, onClose }: Pick<ActionsProps, 'snapshot' | 'onClose'>) {
  const { id, pinned, archived, session_id, state } = snapshot;
  const t = messages.value;

  function openNext(): void {
    const next = rows.value.find((row) => row.id !== id);
    navigate(next ? conversationPath(next.id) : '/');
    onClose();
  }

  const archive = () => changeConversation(id, { archived: !archived });
  return (
    <div class="choices">
      <button type="button" onClick={() => void changeConversation(id, { pinned: !pinned })}>
        {pinned ? t.unpin : t.pin}
      </button>
      <button type="button" onClick={() => void archive().then((isDone) => isDone && openNext())}>
        {archived ? t.unarchive : t.archive}
      </button>
      <button type="button" disabled={!session_id} onClick={() => void forkConversation(id).then(onClose)}>
        {t.fork}
      </button>
      <ExportLink id={id} format="md" text={t.exportMd} />
      <ExportLink id={id} format="json" text={t.exportJson} />
      <button
        type="button"
        class="danger"
        disabled={state !== 'idle'}
        title={state === 'idle' ? undefined : t.stopFirst}
        onClick={() => {
          deleteSoon(snapshot);
          openNext();
        }}
      >
        {t.delete}
      </button>
    </div>
  );
}

const ExportLink = ({ id, format, text }: { id: string; format: 'md' | 'json'; text: string }) => (
  <a class="button" href={addressOf('exportConversation', { params: { id }, query: { format } })} download>
    {text}
  </a>
);

/** Which notifications a conversation sends, if other ones than the settings say. */
function NotificationChoices({ snapshot: { id, notify } }: { snapshot: ConversationSnapshot }) {
  const t = messages.value;
  const setKinds = (kinds: typeof notify) => void changeConversation(id, { notify: kinds });
  return (
    <fieldset>
      <legend>{t.notifyFor}</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={notify === null}
          onChange={() => setKinds(notify === null ? [...kinds] : null)}
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
                setKinds(notify.includes(kind) ? notify.filter((one) => one !== kind) : [...notify, kind])
              }
            />
            {t.noticeKinds[kind]}
          </label>
        ))}
    </fieldset>
  );
}

const quoteShellWord = (text: string) =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
