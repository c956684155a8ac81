import type { Prompt } from '../contract/prompt.ts';
import { toRows } from '../contract/shown-input.ts';
import { countLines, visible, visibleLine } from '../contract/visible.ts';
import { formatAge } from './output.ts';

type Question = { question?: string; options?: { label?: string }[] };

export const readQuestions = ({ input }: Pick<Prompt, 'input'>): Question[] =>
  Array.isArray(input['questions']) ? input['questions'] : [];

/** A question with its options, in one line. */
export const formatQuestion = ({ question, options }: Question): string =>
  visibleLine(
    `${question} [${(Array.isArray(options) ? options : []).map((option) => option?.label).join(' | ')}]`,
  );

/** From this many lines on it is said how many there are: the end of a text must not be taken for a new field. */
const manyLines = 5;

/**
 * All of what is to be approved, however long it is: who allows it must have read it. What cannot be seen stands
 * there as a mark, and each line of a text begins with a bar.
 */
export function formatPrompt(prompt: Prompt): string[] {
  const { id, conv_id, kind, tool, opened_at, risks, input, reason } = prompt;
  // A command of one line needs no name.
  const { command } = input;
  const isShort = tool === 'Bash' && typeof command === 'string' && !command.includes('\n');
  const head = [id, formatAge(opened_at), conv_id, kind, tool, ...(isShort ? [command] : [])]
    .map(visibleLine)
    .join('  ');
  const fields = toRows(input, isShort ? ['command'] : []).flatMap(({ depth, name, kind: form, value }) => {
    const indent = `    ${'  '.repeat(depth)}`;
    const lines = value.split('\n').map(visible);
    if (form === 'group') return [`${indent}${visibleLine(name)}:`];
    if (lines.length === 1) return [`${indent}${visibleLine(name)}: ${lines[0]}`];
    const count = countLines(value);
    return [
      `${indent}${visibleLine(name)}:${count >= manyLines ? ` (${count} lines)` : ''}`,
      ...lines.map((line) => `${indent}  | ${line}`),
    ];
  });
  const why =
    reason && reason !== input['description'] ? [`    (${visible(reason.replaceAll('\n', ' '))})`] : [];
  return [head, ...fields, ...why, ...risks.map((risk) => `  ! ${visible(risk)}`)];
}
