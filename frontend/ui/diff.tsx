import { useMemo } from 'preact/hooks';
import { DiffLines } from './diff-lines.tsx';
import { diffRows } from './diff-rows.ts';

const kinds = { '+': 'added', '-': 'removed', '…': 'left-out', ' ': undefined } as const;

/** An edit as its removed and added lines. */
export function Diff({ before, after }: { before: string; after: string }) {
  const lines = useMemo(
    () => diffRows(before, after).map(({ sign, text }) => ({ kind: kinds[sign], text: `${sign} ${text}` })),
    [before, after],
  );
  return <DiffLines lines={lines} />;
}
