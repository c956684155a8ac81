import type { FileChange } from '../../contract/message.ts';
import { asText } from './plain-value.ts';

const lines = (text: unknown): string[] =>
  typeof text === 'string' && text !== '' ? text.replace(/\n$/, '').split('\n') : [];

/**
 * How many lines one text has that the other has not, where what they begin and end with alike is left out.
 */
function differing(before: readonly string[], after: readonly string[]): { added: number; removed: number } {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { added: after.length - start - end, removed: before.length - start - end };
}

/**
 * What a tool's call changes in a file, as far as its input alone says; undefined for a tool that edits
 * nothing.
 */
export function countChange(tool: string, input: unknown): FileChange | undefined {
  const { file_path, notebook_path, content, old_string, new_string, new_source, edits } = (input ??
    {}) as Record<string, unknown>;
  const file = asText(file_path ?? notebook_path);
  if (!file) return undefined;
  switch (tool) {
    case 'Write':
      return { file, added: lines(content).length, removed: 0 };
    case 'Edit':
      return { file, ...differing(lines(old_string), lines(new_string)) };
    case 'NotebookEdit':
      return { file, added: lines(new_source).length, removed: 0 };
    case 'MultiEdit': {
      const all = (Array.isArray(edits) ? edits : []).map((edit) =>
        differing(lines(edit?.old_string), lines(edit?.new_string)),
      );
      return {
        file,
        added: all.reduce((sum, one) => sum + one.added, 0),
        removed: all.reduce((sum, one) => sum + one.removed, 0),
      };
    }
    default:
      return undefined;
  }
}
