import { useState } from 'preact/hooks';
import { messages } from '../i18n/messages.ts';
import { Copy } from './copy.tsx';
import { lazy } from './lazy.tsx';
import { LongText } from './long-text.tsx';
import './cut.css';

const Diff = lazy(async () => (await import('./diff.tsx')).Diff);

/** What a call gets as its input: an edit as what it changes, all else as it is. Nothing of it is left out. */
export function InputView({
  input,
  label,
  hidden = [],
}: {
  input: Record<string, unknown>;
  label: string /** Fields that stand elsewhere. */;
  hidden?: readonly string[];
}) {
  const { old_string, new_string, content, edits, command, ...rest } = input;
  const isEdit = old_string !== undefined || content !== undefined;
  const changes = Array.isArray(edits)
    ? edits
    : isEdit
      ? [{ old_string, new_string: new_string ?? content }]
      : [];
  const others = Object.entries(rest).filter(([name, value]) => !hidden.includes(name) && value !== false);
  return (
    <>
      <Edits edits={changes} />
      {command !== undefined && <Plain text={String(command)} label={label} />}
      {others.length > 0 && (
        <Plain text={others.map(([name, value]) => `${name}: ${toText(value)}`).join('\n')} label={label} />
      )}
    </>
  );
}

/** Comparing more of them takes longer than a frame. */
const maxEdits = 20;

function Edits({ edits }: { edits: readonly ({ old_string?: unknown; new_string?: unknown } | null)[] }) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? edits : edits.slice(0, maxEdits);
  return (
    <>
      {shown.map((edit, index) => (
        <Diff key={index} before={String(edit?.old_string ?? '')} after={String(edit?.new_string ?? '')} />
      ))}
      {shown.length < edits.length && (
        <button type="button" class="cut" onClick={() => setWhole(true)}>
          {messages.value.showAll} ({edits.length})
        </button>
      )}
    </>
  );
}

const toText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** A text as it is, with a button that copies it. */
export function Plain({ text, label }: { text: string; label: string }) {
  return (
    <div class="plain-text">
      <pre tabIndex={0} aria-label={label} role="group" dir="auto">
        <LongText text={text} />
      </pre>
      <Copy text={text} />
    </div>
  );
}
