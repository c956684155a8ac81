import { useState } from 'preact/hooks';
import type { Prompt } from '../../../contract/prompt.ts';
import { toRows } from '../../../contract/shown-input.ts';
import { InputRows } from '../../ui/input-rows.tsx';
import { type Opened, Visible } from '../../ui/shown-text.tsx';
import { words } from '../../word/words.ts';
import type { Answer } from './choices.ts';
import { type Question, questionsOf } from './questions.ts';

type Chosen = { labels: string[]; own: string };

const nothing: Chosen = { labels: [], own: '' };

type QuestionsProps = {
  prompt: Prompt;
  isSending: boolean;
  /** Some of it is not in sight yet. */
  isCut: boolean;
  send(answer: Answer): Promise<void>;
};

/** Everything in a question is shown at once. */
const all: Opened = { has: () => true, open: () => {} };

/** Questions with options to tap, and room for words of one's own. */
export function Questions({ prompt, isSending, isCut, send }: QuestionsProps) {
  const [chosen, setChosen] = useState<Record<string, Chosen>>({});
  const questions = questionsOf(prompt) ?? [];
  const t = words.value;
  const of = ({ question }: Question) => chosen[question] ?? nothing;
  const answerOf = (one: Question): string[] => [
    ...of(one).labels,
    ...(of(one).own.trim() ? [of(one).own.trim()] : []),
  ];
  const isDone = questions.length > 0 && questions.every((one) => answerOf(one).length > 0);

  function choose(one: Question, label: string): void {
    const before = of(one);
    const labels = before.labels.includes(label)
      ? before.labels.filter((other) => other !== label)
      : [...before.labels, label];
    setChosen({
      ...chosen,
      [one.question]: one.multiSelect ? { ...before, labels } : { labels: [label], own: '' },
    });
  }

  return (
    <>
      {questions.map((one) => (
        <fieldset key={one.question}>
          <legend dir="auto">
            {one.header && (
              <small>
                <Visible text={one.header} />
              </small>
            )}
            <Visible text={one.question} />
          </legend>
          {one.options.map(({ label, description, preview, more }, index) => (
            <label key={index} class="option">
              <input
                type={one.multiSelect ? 'checkbox' : 'radio'}
                name={`${prompt.id} ${one.question}`}
                checked={of(one).labels.includes(label)}
                onChange={() => choose(one, label)}
              />
              <span class="option-text" dir="auto">
                <Visible text={label} />{' '}
                <small>
                  <Visible text={description} />
                </small>
                {preview && (
                  <span class="value text preview">
                    <Visible text={preview} />
                  </span>
                )}
                {Object.keys(more).length > 0 && <InputRows rows={toRows(more)} opened={all} />}
              </span>
            </label>
          ))}
          {Object.keys(one.more).length > 0 && <InputRows rows={toRows(one.more)} opened={all} />}
          <input
            aria-label={t.ownAnswer(one.question)}
            placeholder={t.somethingElse}
            value={of(one).own}
            onInput={(event) => {
              const own = event.currentTarget.value;
              setChosen({
                ...chosen,
                [one.question]: { labels: one.multiSelect ? of(one).labels : [], own },
              });
            }}
          />
        </fieldset>
      ))}
      <p class="choices">
        <button
          type="button"
          class="primary"
          disabled={isSending || isCut || !isDone}
          onClick={() =>
            void send({
              decision: 'allow',
              answers: Object.fromEntries(questions.map((one) => [one.question, answerOf(one)])),
            })
          }
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
