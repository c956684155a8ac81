import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { send } from '../../state/outbox.ts';
import { prefs } from '../../state/prefs.ts';
import { trouble } from '../../state/session.ts';
import { contextShare, modeName, openId, runningTurn, thread } from '../../state/thread.ts';
import { stopTurn } from '../../state/turn.ts';
import { Icon } from '../../ui/icon.tsx';
import { lazy } from '../../ui/lazy.tsx';
import { words } from '../../word/words.ts';
import { Attachments } from './attachments.tsx';
import { canDictate, dictate, isListening } from './dictation.ts';
import { addFiles, appendDraft, draftOf, filesOf, setDraft, setFiles } from './draft.ts';
import { askedAt, complete } from './suggest.ts';
import { Suggestions, useSuggestions } from './suggestions.tsx';
import './composer.css';

const Options = lazy(async () => (await import('./options.tsx')).Options);
const Snippets = lazy(async () => (await import('./snippets.tsx')).Snippets);

/** The box for the next message, with what goes along, and the button that stops the running turn. */
export function Composer() {
  const box = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const [sheet, setSheet] = useState<'options' | 'snippets' | null>(null);
  const [isAdding, setAdding] = useState(false);
  const [caret, setCaret] = useState(0);
  const [chosen, setChosen] = useState(0);
  const [isClosed, setClosed] = useState(false);
  const t = words.value;
  const id = openId.value;
  const text = draftOf(id);
  const running = runningTurn.value;
  const mode = modeName.value;
  const asked = isClosed ? null : askedAt(text, caret);
  const suggestions = useSuggestions(id, asked);
  const isEmpty = !text.trim() && !filesOf(id).length;

  useLayoutEffect(() => {
    const own = box.current;
    // Where the browser sizes it by itself, nothing need be measured with each letter.
    if (!own || CSS.supports('field-sizing', 'content')) return;
    own.style.height = 'auto';
    own.style.height = `${own.scrollHeight + 2}px`;
  }, [text, id]);

  function write(value: string, at: number): void {
    setDraft(id, value);
    setCaret(at);
    setChosen(0);
    setClosed(false);
  }

  function submit(steer = false): void {
    if (isEmpty) return;
    const files = filesOf(id);
    setDraft(id, '');
    setFiles(id, []);
    void send({
      conv_id: id,
      text: text.trim() ? text : t.seeFiles,
      files,
      steer: steer && running !== null,
    });
    box.current?.focus();
  }

  function choose(value: string): void {
    if (!asked) return;
    const done = complete(text, asked, value);
    write(done.text, done.caret);
    requestAnimationFrame(() => box.current?.setSelectionRange(done.caret, done.caret));
    box.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent): void {
    // While a word is being composed Enter and the arrows belong to that. Safari ends it before the key comes (229).
    if (event.isComposing || event.keyCode === 229) return;
    if (suggestions.length && takesKey(event)) {
      event.preventDefault();
      return;
    }
    if (event.key !== 'Enter' || event.shiftKey || event.altKey) return;
    const isForced = event.ctrlKey || event.metaKey;
    const { enter } = prefs.value;
    const sends = enter === 'send' || (enter === 'auto' && !matchMedia('(pointer: coarse)').matches);
    if (!isForced && !sends) return;
    event.preventDefault();
    submit();
  }

  function takesKey({ key }: KeyboardEvent): boolean {
    const step = key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0;
    if (step) setChosen((chosen + step + suggestions.length) % suggestions.length);
    else if (key === 'Enter' || key === 'Tab') choose(suggestions[chosen]?.value ?? '');
    else if (key === 'Escape') setClosed(true);
    else return false;
    return true;
  }

  const add = (files: FileList | undefined) => {
    trouble.value = addFiles(id, files ?? []) ? null : t.fileRefused;
  };
  const take = (input: HTMLInputElement) => {
    add(input.files ?? undefined);
    input.value = '';
    setAdding(false);
  };

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
        add(event.dataTransfer?.files);
      }}
    >
      {suggestions.length > 0 && <Suggestions list={suggestions} chosen={chosen} choose={choose} />}
      <Attachments id={id} />
      {isAdding && (
        <div class="adding" role="group" aria-label={t.add}>
          <button type="button" onClick={() => camera.current?.click()}>
            {t.camera}
          </button>
          <button type="button" onClick={() => picker.current?.click()}>
            {t.files_}
          </button>
          <button
            type="button"
            onClick={() => {
              setAdding(false);
              setSheet('snippets');
            }}
          >
            {t.snippets}
          </button>
        </div>
      )}
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
        onInput={(event) => write(event.currentTarget.value, event.currentTarget.selectionStart)}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
        onPaste={(event) => {
          const pasted = event.clipboardData?.files;
          if (!pasted?.length) return;
          event.preventDefault();
          add(pasted);
        }}
      />
      <div class="composer-bar">
        <button
          type="button"
          class="plain"
          aria-label={t.add}
          aria-expanded={isAdding}
          onClick={() => setAdding(!isAdding)}
        >
          <Icon name="plus" />
        </button>
        {mode !== null && (
          <button type="button" class="plain mode" aria-label={t.options} onClick={() => setSheet('options')}>
            <Icon name="sliders" />
            <span>{t.modes[mode as keyof typeof t.modes] ?? mode}</span>
            {contextShare.value !== null && <small>{contextShare.value} %</small>}
          </button>
        )}
        {canDictate() && (
          <button
            type="button"
            class="plain mic"
            aria-label={t.dictate}
            aria-pressed={isListening.value}
            onClick={() => dictate((said) => appendDraft(openId.value, said))}
          >
            <Icon name="mic" />
          </button>
        )}
        <span class="space" />
        {running && (
          <button type="button" class="danger" onClick={() => void stopTurn(running)}>
            {t.stop}
          </button>
        )}
        {running && !isEmpty && (
          <button type="button" class="steer" onClick={() => submit(true)} title={t.steerAbout}>
            {t.steer}
          </button>
        )}
        <button type="submit" class="primary" disabled={isEmpty}>
          {t.send}
        </button>
      </div>
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label={t.files_}
        onChange={(event) => take(event.currentTarget)}
      />
      <input
        ref={camera}
        type="file"
        accept="image/*"
        capture="environment"
        hidden
        aria-label={t.camera}
        onChange={(event) => take(event.currentTarget)}
      />
      {sheet === 'options' && <OpenOptions onClose={() => setSheet(null)} />}
      {sheet === 'snippets' && <Snippets id={id} onClose={() => setSheet(null)} />}
    </form>
  );
}

/** Apart, so that the box is not drawn anew with each word of an answer. */
function OpenOptions({ onClose }: { onClose(): void }) {
  return thread.value ? <Options snapshot={thread.value.snapshot} onClose={onClose} /> : null;
}
