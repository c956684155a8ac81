import { useState } from 'preact/hooks';
import type { Prompt } from '../../../contract/prompt.ts';
import { words } from '../../word/words.ts';
import type { Answer } from './choices.ts';

type Question = { question: string; header?: string; options: { label: string; description?: string }[]; multiSelect: boolean };
type Chosen = { labels: string[]; own: string };

const nothing: Chosen = { labels: [], own: '' };

/** Questions with options to tap, and room for words of one's own. */
export function Questions({ prompt, isSending, send }: { prompt: Prompt; isSending: boolean; send(answer: Answer): Promise<void> }) {
  const [chosen, setChosen] = useState<Record<string, Chosen>>({});
  const questions = (prompt.input['questions'] ?? []) as Question[];
  const t = words.value;
  const of = ({ question }: Question) => chosen[question] ?? nothing;
  const answerOf = (one: Question): string[] => [...of(one).labels, ...(of(one).own.trim() ? [of(one).own.trim()] : [])];
  const isDone = questions.every((one) => answerOf(one).length > 0);

  function choose(one: Question, label: string): void {
    const before = of(one);
    const labels = before.labels.includes(label) ? before.labels.filter((other) => other !== label) : [...before.labels, label];
    setChosen({ ...chosen, [one.question]: one.multiSelect ? { ...before, labels } : { labels: [label], own: '' } });
  }

  return (
    <>
      {questions.map((one) => (
        <fieldset key={one.question}>
          <legend dir="auto">{one.question}</legend>
          {one.options.map(({ label, description }) => (
            <label key={label} class="option">
              <input
                type={one.multiSelect ? 'checkbox' : 'radio'}
                name={`${prompt.id} ${one.question}`}
                checked={of(one).labels.includes(label)}
                onChange={() => choose(one, label)}
              />
              <span dir="auto">
                {label} <small>{description}</small>
              </span>
            </label>
          ))}
          <input
            aria-label={t.ownAnswer(one.question)}
            placeholder={t.somethingElse}
            value={of(one).own}
            onInput={(event) => {
              const own = event.currentTarget.value;
              setChosen({ ...chosen, [one.question]: { labels: one.multiSelect ? of(one).labels : [], own } });
            }}
          />
        </fieldset>
      ))}
      <p class="choices">
        <button
          type="button"
          class="primary"
          disabled={isSending || !isDone}
          onClick={() => void send({ decision: 'allow', answers: Object.fromEntries(questions.map((one) => [one.question, answerOf(one)])) })}
        >
          {t.answer}
        </button>
        <button type="button" disabled={isSending} onClick={() => void send({ decision: 'deny' })}>
          {t.doNotAnswer}
        </button>
      </p>
    </>
  );
}
