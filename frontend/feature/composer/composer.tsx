import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { attachmentLimits, megabytes } from '../../../contract/limits.ts';
import { messages } from '../../i18n/messages.ts';
import { sendMessage } from '../../state/outbox.ts';
import { prefs } from '../../state/prefs.ts';
import { lastError } from '../../state/session.ts';
import { openId, runningTurn, thread } from '../../state/thread.ts';
import { lazy } from '../../ui/lazy.tsx';
import { AddMenu } from './add-menu.tsx';
import { Attachments } from './attachments.tsx';
import { ComposerBar } from './composer-bar.tsx';
import { addFiles, draftOf, filesOf, setDraft, setFiles } from './draft.ts';
import { Suggestions } from './suggestions.tsx';
import { useCompletion } from './use-completion.ts';
import './composer.css';

const Options = lazy(async () => (await import('./options.tsx')).Options);
const Snippets = lazy(async () => (await import('./snippets.tsx')).Snippets);

/** The box for the next message, with what goes along, and the button that stops the running turn. */
export function Composer() {
  const box = useRef<HTMLTextAreaElement>(null);
  const [sheet, setSheet] = useState<'options' | 'snippets' | null>(null);
  const [isAdding, setAdding] = useState(false);
  const id = openId.value;
  const isEmpty = !draftOf(id).trim() && !filesOf(id).length;

  function submit(steer = false): void {
    if (isEmpty) return;
    sendDraft(id, steer);
    box.current?.focus();
  }

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        attachFiles(id, event.dataTransfer?.files);
      }}
    >
      <AddMenu
        isOpen={isAdding}
        onFiles={(files) => {
          attachFiles(id, files);
          setAdding(false);
        }}
        onSnippets={() => {
          setAdding(false);
          setSheet('snippets');
        }}
      />
      <MessageBox id={id} box={box} submit={submit} />
      <ComposerBar
        isEmpty={isEmpty}
        isAdding={isAdding}
        onAdd={() => setAdding(!isAdding)}
        onOptions={() => setSheet('options')}
        onSteer={() => submit(true)}
      />
      {sheet === 'options' && <OpenOptions onClose={() => setSheet(null)} />}
      {sheet === 'snippets' && <Snippets id={id} onClose={() => setSheet(null)} />}
    </form>
  );
}

type MessageBoxProps = { id: string; box: { current: HTMLTextAreaElement | null }; submit(): void };

/** The text of the message, with completion of commands and file names. */
function MessageBox({ id, box, submit }: MessageBoxProps) {
  const t = messages.value;
  const text = draftOf(id);
  const { suggestions, chosen, setCaret, writeText, choose, handleKey } = useCompletion(id, text, (caret) => {
    requestAnimationFrame(() => box.current?.setSelectionRange(caret, caret));
    box.current?.focus();
  });
  useFittingHeight(box, text, id);

  function onKeyDown(event: KeyboardEvent): void {
    // While a word is being composed, Enter and the arrows belong to that. Safari ends it before the key comes (229).
    if (event.isComposing || event.keyCode === 229) return;
    const isHandled = handleKey(event);
    if (!isHandled && !sendsMessage(event)) return;
    event.preventDefault();
    if (!isHandled) submit();
  }

  return (
    <>
      {suggestions.length > 0 && <Suggestions list={suggestions} chosen={chosen} choose={choose} />}
      <Attachments id={id} />
      <textarea
        ref={box}
        aria-label={t.message}
        placeholder={t.message}
        dir="auto"
        rows={1}
        value={text}
        enterkeyhint="enter"
        aria-autocomplete="list"
        aria-controls={suggestions.length ? 'suggestions' : undefined}
        aria-activedescendant={suggestions.length ? `suggestion-${chosen}` : undefined}
        onInput={(event) => writeText(event.currentTarget.value, event.currentTarget.selectionStart)}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const pasted = event.clipboardData?.files;
          if (!pasted?.length) return;
          event.preventDefault();
          attachFiles(id, pasted);
        }}
      />
    </>
  );
}

/** Sends what is in the box of a conversation, and empties it. */
function sendDraft(id: string, steer: boolean): void {
  const text = draftOf(id);
  const files = filesOf(id);
  setDraft(id, '');
  setFiles(id, []);
  void sendMessage({
    conv_id: id,
    text: text.trim() ? text : messages.value.seeFiles,
    files,
    steer: steer && runningTurn.value !== null,
  });
}

function attachFiles(id: string, files: FileList | null | undefined): void {
  const detail = messages.value.fileRefused(megabytes(attachmentLimits.bytes));
  lastError.value = addFiles(id, files ?? []) ? null : { code: 'attachment_too_large', detail };
}

/** Whether a key sends the message, by the setting for Enter. */
function sendsMessage({ key, shiftKey, altKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
  if (key !== 'Enter' || shiftKey || altKey) return false;
  const { enter } = prefs.value;
  return (
    ctrlKey || metaKey || enter === 'send' || (enter === 'auto' && !matchMedia('(pointer: coarse)').matches)
  );
}

/** Browsers with `field-sizing` fit the box to its text without measuring it after each letter. */
function useFittingHeight(box: MessageBoxProps['box'], text: string, id: string): void {
  useLayoutEffect(() => {
    const { current } = box;
    if (!current || CSS.supports('field-sizing', 'content')) return;
    current.style.height = 'auto';
    current.style.height = `${current.scrollHeight + 2}px`;
  }, [text, id]);
}

/** Separate, so that the composer is not drawn again with each word of an answer. */
function OpenOptions({ onClose }: { onClose(): void }) {
  return thread.value ? <Options snapshot={thread.value.snapshot} onClose={onClose} /> : null;
}
