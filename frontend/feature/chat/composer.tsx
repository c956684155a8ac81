import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { currentId } from '../../state/app-state.ts';
import { newKey, sendMessage, stopTurn, thread } from '../../state/thread.ts';

const draftKey = (id: string) => `draft:${id}`;

/** The box for the next message, with its draft kept in the browser, and the button that stops the running turn. */
export function Composer() {
  const box = useRef<HTMLTextAreaElement>(null);
  const text = useSignal('');
  const isSending = useSignal(false);
  /** The key of the message that was tried last: the same text is sent again under it, so that it never runs twice. */
  const tried = useRef({ text: '', key: '' });
  const id = currentId.value;
  const running = thread.value?.snapshot.turn;

  useEffect(() => {
    text.value = localStorage.getItem(draftKey(id)) ?? '';
  }, [id, text]);

  function write(value: string): void {
    text.value = value;
    if (value) localStorage.setItem(draftKey(id), value);
    else localStorage.removeItem(draftKey(id));
  }

  async function send(event?: Event): Promise<void> {
    event?.preventDefault();
    const message = text.value;
    if (!message.trim() || isSending.value) return;
    if (tried.current.text !== message) tried.current = { text: message, key: newKey() };
    isSending.value = true;
    const isSent = await sendMessage(id, message, tried.current.key);
    isSending.value = false;
    if (!isSent) return;
    tried.current = { text: '', key: '' };
    if (text.value === message) write('');
    box.current?.focus();
  }

  /** On a keyboard Enter sends; on touch it is a new line, and while a word is being composed it is neither. */
  function onKeyDown(event: KeyboardEvent): void {
    const isTouch = matchMedia('(pointer: coarse)').matches;
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && !isTouch) void send(event);
  }

  return (
    <form class="composer" onSubmit={send}>
      <textarea
        ref={box}
        aria-label="Message"
        placeholder="Message"
        rows={Math.min(8, text.value.split('\n').length)}
        value={text.value}
        onInput={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {running && (
        <button type="button" class="danger" onClick={() => void stopTurn(running.turn_id)}>
          Stop
        </button>
      )}
      <button type="submit" class="primary" disabled={isSending.value || !text.value.trim()}>
        Send
      </button>
    </form>
  );
}
