import { diffRows } from './diff-rows.ts';

/** An edit as its removed and added lines. */
export function Diff({ before, after }: { before: string; after: string }) {
  return (
    <pre class="diff" tabIndex={0} dir="ltr">
      {diffRows(before, after).map(({ sign, text }, index) => (
        <div key={index} class={sign === '+' ? 'added' : sign === '-' ? 'removed' : sign === '…' ? 'left-out' : undefined}>
          {sign} {text}
        </div>
      ))}
    </pre>
  );
}
