import { Copy } from './copy.tsx';
import { lazy } from './lazy.tsx';

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
  const changes = Array.isArray(edits) ? edits : isEdit ? [{ old_string, new_string: new_string ?? content }] : [];
  const others = Object.entries(rest).filter(([name, value]) => !hidden.includes(name) && value !== false);
  return (
    <>
      {changes.map((edit, index) => (
        <Diff key={index} before={String(edit?.old_string ?? '')} after={String(edit?.new_string ?? '')} />
      ))}
      {command !== undefined && <Plain text={String(command)} label={label} />}
      {others.length > 0 && <Plain text={others.map(([name, value]) => `${name}: ${toText(value)}`).join('\n')} label={label} />}
    </>
  );
}

const toText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** A text as it is, with a button that copies it. */
export function Plain({ text, label }: { text: string; label: string }) {
  return (
    <div class="plain-text">
      <pre tabIndex={0} aria-label={label} role="group" dir="auto">
        {text}
      </pre>
      <Copy text={text} />
    </div>
  );
}
