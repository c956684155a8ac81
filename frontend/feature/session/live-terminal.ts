import { FitAddon } from '@xterm/addon-fit';
import { Terminal as Xterm } from '@xterm/xterm';
import style from '@xterm/xterm/css/xterm.css?inline';
import { addressOf, call } from '../../api/client.ts';
import { runReported } from '../../state/session.ts';
import { addStyle, strictDocument, withStrictDocument } from './strict-document.ts';

addStyle(style);

/** A phone that was asleep, or a tunnel that dropped, reconnects automatically. */
const retryDelayMs = 2000;
const maxFailures = 3;

/** Close codes with which the server says that the terminal has ended. */
const endCodes = [4000, 4002];

const fontSize = 12;

const encoder = new TextEncoder();

type Listener = {
  setOpen(isOpen: boolean): void;
  /** What a person typed, before it is sent. */
  onData(text: string): void;
  onEnd(): void;
};

/** A terminal on the server's machine, drawn here and connected by a WebSocket that reconnects. */
export class LiveTerminal {
  readonly #params: { host: string; id: string };
  readonly #listener: Listener;
  readonly #screen = new Xterm({
    fontSize,
    fontFamily: 'ui-monospace, Menlo, Consolas, monospace',
    documentOverride: strictDocument(),
    scrollback: 2000,
  });
  readonly #observer: ResizeObserver;
  #socket: WebSocket | null = null;
  #isDisposed = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string, box: HTMLElement, listener: Listener) {
    this.#params = { host: 'local', id };
    this.#listener = listener;
    const fit = new FitAddon();
    this.#screen.loadAddon(fit);
    withStrictDocument(() => this.#screen.open(box));
    this.#screen.onData((text) => listener.onData(text));
    this.#screen.onBinary((text) => this.#send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.#screen.onResize(() => this.#sendSize());
    this.#observer = new ResizeObserver(() => fit.fit());
    this.#observer.observe(box);
    fit.fit();
    void this.#connect();
  }

  type(text: string): void {
    this.#send(encoder.encode(text));
  }

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    this.#observer.disconnect();
    this.#socket?.close();
    this.#screen.dispose();
  }

  async #connect(): Promise<void> {
    let ticket = '';
    const params = this.#params;
    const hasTicket = await runReported(async () => {
      ticket = (await call('openTerminal', { params })).ticket;
    });
    if (this.#isDisposed) return;
    if (hasTicket) {
      this.#failures = 0;
      this.#open(ticket);
      return;
    }
    this.#failures += 1;
    if (this.#failures >= maxFailures) this.#listener.onEnd();
    else this.#connectLater();
  }

  #connectLater(): void {
    this.#timer = setTimeout(() => void this.#connect(), retryDelayMs);
  }

  #open(ticket: string): void {
    const path = addressOf('openTerminal', { params: this.#params, query: { ticket } });
    const address = new URL(path, location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#listener.setOpen(true);
      this.#screen.reset();
      this.#sendSize();
    };
    socket.onmessage = ({ data }) => this.#screen.write(new Uint8Array(data));
    socket.onclose = ({ code }) => {
      this.#listener.setOpen(false);
      if (this.#isDisposed) return;
      if (endCodes.includes(code)) this.#listener.onEnd();
      else this.#connectLater();
    };
  }

  #send(data: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  #sendSize(): void {
    const { cols, rows } = this.#screen;
    this.#send(JSON.stringify({ columns: Math.max(20, cols), rows: Math.max(5, rows) }));
  }
}
