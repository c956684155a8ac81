import type { Prompt } from '../../../contract/prompt.ts';

export type Option = { label: string; description: string; preview: string; more: Record<string, unknown> };
export type Question = {
  question: string;
  header: string;
  options: Option[];
  multiSelect: boolean;
  more: Record<string, unknown>;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The text of a field, and what else there is if it is none. */
const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
const notText = (fields: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && typeof value !== 'string'),
  );

/** What is asked, if it has the form of questions; null if it has not, and is shown as any other input. */
export function questionsOf({ input }: Pick<Prompt, 'input'>): Question[] | null {
  const { questions } = input;
  if (!Array.isArray(questions) || !questions.length) return null;
  const found = questions.map(toQuestion);
  const texts = new Set(found.map((one) => one?.question));
  return found.every((one) => one !== null) && texts.size === found.length ? found : null;
}

function toQuestion(value: unknown): Question | null {
  if (!isObject(value)) return null;
  const { question, header, options = [], multiSelect, ...more } = value;
  if (typeof question !== 'string' || !Array.isArray(options)) return null;
  const found = options.map(toOption);
  if (!found.every((option) => option !== null)) return null;
  return {
    question,
    header: textOf(header),
    options: found,
    multiSelect: multiSelect === true,
    more: { ...more, ...notText({ header }) },
  };
}

function toOption(value: unknown): Option | null {
  if (!isObject(value)) return null;
  const { label, description, preview, ...more } = value;
  if (typeof label !== 'string') return null;
  return {
    label,
    description: textOf(description),
    preview: textOf(preview),
    more: { ...more, ...notText({ description, preview }) },
  };
}
