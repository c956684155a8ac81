import { useEffect, useRef, useState } from 'preact/hooks';
import { sessionMessages } from '../../i18n/session-messages.ts';
import { LiveTerminal } from './live-terminal.ts';

/** Keys that a phone's keyboard lacks. */
const keys = [
  ['Esc', '\x1b'],
  ['Tab', '\t'],
  ['⇧Tab', '\x1b[Z'],
  ['↑', '\x1b[A'],
  ['↓', '\x1b[B'],
  ['←', '\x1b[D'],
  ['→', '\x1b[C'],
  ['⏎', '\r'],
] as const;

/** The control character of Ctrl and a letter. */
const withCtrl = (text: string) =>
  /^[a-z@[\\\]^_]$/i.test(text) ? String.fromCharCode(text.toUpperCase().charCodeAt(0) & 31) : text;

/** A live terminal of the server's machine: what is typed here is typed there. `onEnd` is called when it has ended. */
export function LiveScreen({ id, onEnd }: { id: string; onEnd(): void }) {
  const box = useRef<HTMLDivElement>(null);
  const terminal = useRef<LiveTerminal | null>(null);
  const [hasCtrl, setCtrl] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const ctrl = useRef(false);
  ctrl.current = hasCtrl;
  const t = sessionMessages.value;

  function type(text: string): void {
    terminal.current?.type(ctrl.current ? withCtrl(text) : text);
    if (ctrl.current) setCtrl(false);
  }

  useEffect(() => {
    if (!box.current) return;
    const opened = new LiveTerminal(id, box.current, { setOpen, onData: type, onEnd });
    terminal.current = opened;
    return () => opened.dispose();
  }, [id]);

  function chooseCtrl(): void {
    setCtrl(!hasCtrl);
    box.current?.querySelector('textarea')?.focus();
  }

  return (
    <>
      <div class="live-screen" ref={box} role="group" aria-label={t.screen} aria-busy={!isOpen} />
      {/* The terminal keeps the focus: a phone would close its keyboard, and no letter would follow a Ctrl. */}
      <div class="keys" role="toolbar" aria-label={t.keys} onMouseDown={(event) => event.preventDefault()}>
        {keys.map(([name, text]) => (
          <button key={name} type="button" disabled={!isOpen} onClick={() => type(text)}>
            {name}
          </button>
        ))}
        <button type="button" aria-pressed={hasCtrl} disabled={!isOpen} onClick={chooseCtrl}>
          Ctrl
        </button>
      </div>
    </>
  );
}
