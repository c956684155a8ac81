import { FitAddon } from '@xterm/addon-fit';
import { Terminal as Xterm } from '@xterm/xterm';
import style from '@xterm/xterm/css/xterm.css?inline';
import { useEffect, useRef, useState } from 'preact/hooks';
import { addressOf, call } from '../../api/client.ts';
import { attempt } from '../../state/session.ts';
import { sessionWords } from '../../word/session-words.ts';
import { addStyle, strictDocument, withStrictDocument } from './strict-document.ts';

addStyle(style);

/** A phone that was asleep, or a tunnel that dropped, comes back by itself. */
const againMs = 2000;
const maxFailures = 3;

const fontSize = 12;

/** Keys that a phone's keyboard has not. */
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

/** What Ctrl makes of a letter. */
const withCtrl = (text: string) =>
  /^[a-z@[\\\]^_]$/i.test(text) ? String.fromCharCode(text.toUpperCase().charCodeAt(0) & 31) : text;

/** A terminal of the server's machine, live: what is typed here is typed there. `onEnd` is told when it has ended. */
export function LiveScreen({ id, onEnd }: { id: string; onEnd(): void }) {
  const box = useRef<HTMLDivElement>(null);
  const type = useRef<(text: string) => void>(() => {});
  const [hasCtrl, setCtrl] = useState(false);
  const [isOpen, setOpen] = useState(false);
  const ctrl = useRef(false);
  ctrl.current = hasCtrl;
  const t = sessionWords.value;

  useEffect(() => {
    const place = box.current;
    if (!place) return;
    const screen = new Xterm({
      fontSize,
      fontFamily: 'ui-monospace, Menlo, Consolas, monospace',
      documentOverride: strictDocument(),
      scrollback: 2000,
    });
    const fit = new FitAddon();
    screen.loadAddon(fit);
    withStrictDocument(() => screen.open(place));
    let socket: WebSocket | null = null;
    let isGone = false;
    let failures = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const bytes = new TextEncoder();

    const send = (data: string | Uint8Array<ArrayBuffer>) =>
      socket?.readyState === WebSocket.OPEN && socket.send(data);
    const tellSize = () =>
      send(JSON.stringify({ columns: Math.max(20, screen.cols), rows: Math.max(5, screen.rows) }));

    async function connect(): Promise<void> {
      const params = { host: 'local', id };
      let ticket = '';
      const isAsked = await attempt(async () => {
        ticket = (await call('openTerminal', { params })).ticket;
      });
      if (isGone) return;
      if (!isAsked) {
        failures += 1;
        if (failures >= maxFailures) return onEnd();
        timer = setTimeout(() => void connect(), againMs);
        return;
      }
      failures = 0;
      const address = new URL(addressOf('openTerminal', { params, query: { ticket } }), location.href);
      address.protocol = address.protocol.replace('http', 'ws');
      socket = new WebSocket(address);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => {
        setOpen(true);
        screen.reset();
        tellSize();
      };
      socket.onmessage = ({ data }) => screen.write(new Uint8Array(data));
      socket.onclose = ({ code }) => {
        setOpen(false);
        if (isGone) return;
        if (code === 4000 || code === 4002) onEnd();
        else timer = setTimeout(() => void connect(), againMs);
      };
    }

    type.current = (text) => {
      send(bytes.encode(ctrl.current ? withCtrl(text) : text));
      if (ctrl.current) setCtrl(false);
    };
    screen.onData((text) => type.current(text));
    screen.onBinary((text) => send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    screen.onResize(tellSize);
    const observer = new ResizeObserver(() => fit.fit());
    observer.observe(place);
    fit.fit();
    void connect();
    return () => {
      isGone = true;
      clearTimeout(timer);
      observer.disconnect();
      socket?.close();
      screen.dispose();
    };
  }, [id]);

  function chooseCtrl(): void {
    setCtrl(!hasCtrl);
    box.current?.querySelector('textarea')?.focus();
  }

  return (
    <>
      <div class="live-screen" ref={box} role="group" aria-label={t.screen} aria-busy={!isOpen} />
      {/* The terminal keeps the focus: a phone would put its keyboard away, and no letter would follow a Ctrl. */}
      <div class="keys" role="toolbar" aria-label={t.keys} onMouseDown={(event) => event.preventDefault()}>
        {keys.map(([name, text]) => (
          <button key={name} type="button" disabled={!isOpen} onClick={() => type.current(text)}>
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
