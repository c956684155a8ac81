import { useState } from 'preact/hooks';
import { messages } from '../i18n/messages.ts';
import { type DiffLine, headOfDiff } from './diff-head.ts';
import './cut.css';

/** The lines of a diff; of a long one its beginning, and a button that draws all of it. */
export function DiffLines({ lines }: { lines: readonly DiffLine[] }) {
  const [isWhole, setWhole] = useState(false);
  const cut = isWhole ? null : headOfDiff(lines);
  const t = messages.value;
  return (
    <pre class="diff" tabIndex={0} dir="ltr">
      {(cut?.head ?? lines).map(({ kind, text }, index) => (
        <div key={index} class={kind}>
          {text || ' '}
        </div>
      ))}
      {cut && (
        <button type="button" class="cut" onClick={() => setWhole(true)}>
          {cut.left > 0 && `${t.moreLines(cut.left)} – `}
          {t.showAll}
        </button>
      )}
    </pre>
  );
}
