import { useState } from 'preact/hooks';
import type { Prompt } from '../../../contract/prompt.ts';
import { toRows } from '../../../contract/shown-input.ts';
import { messages } from '../../i18n/messages.ts';
import { InputRows } from '../../ui/input-rows.tsx';
import { type Opened, Visible } from '../../ui/shown-text.tsx';
import type { Answer } from './choices.ts';
import { type Question, questionsOf } from './questions.ts';

/** What a person chose and wrote for one question. */
type Choice = { labels: string[]; own: string };

const noChoice: Choice = { labels: [], own: '' };

const answersOf = ({ labels, own }: Choice): string[] => [...labels, ...(own.trim() ? [own.trim()] : [])];

type QuestionsProps = {
  prompt: Prompt;
  isSending: boolean;
  /** Some of it is still hidden. */
  isCut: boolean;
  send(answer: Answer): Promise<void>;
};

/** Everything in a question is shown at once. */
const allOpened: Opened = { has: () => true, open: () => {} };

/** Questions with options to tap, and a field for an answer of one's own. */
export function Questions({ prompt, isSending, isCut, send }: QuestionsProps) {
  const [choices, setChoices] = useState<Record<string, Choice>>({});
  const questions = questionsOf(prompt) ?? [];
  const t = messages.value;
  const choiceFor = ({ question }: Question) => choices[question] ?? noChoice;
  const isDone = questions.length > 0 && questions.every((one) => answersOf(choiceFor(one)).length > 0);
  const answers = () => Object.fromEntries(questions.map((one) => [one.question, answersOf(choiceFor(one))]));

  return (
    <>
      {questions.map((one) => (
        <QuestionFields
          key={one.question}
          promptId={prompt.id}
          question={one}
          choice={choiceFor(one)}
          setChoice={(choice) => setChoices({ ...choices, [one.question]: choice })}
        />
      ))}
      <p class="choices">
        <button
          type="button"
          class="primary"
          disabled={isSending || isCut || !isDone}
          onClick={() => void send({ decision: 'allow', answers: answers() })}
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

type QuestionFieldsProps = {
  promptId: string;
  question: Question;
  choice: Choice;
  setChoice(choice: Choice): void;
};

function QuestionFields({ promptId, question, choice, setChoice }: QuestionFieldsProps) {
  const { header, multiSelect, options, more } = question;
  const t = messages.value;

  function toggleLabel(label: string): void {
    const labels = choice.labels.includes(label)
      ? choice.labels.filter((other) => other !== label)
      : [...choice.labels, label];
    setChoice(multiSelect ? { ...choice, labels } : { labels: [label], own: '' });
  }

  return (
    <fieldset>
      <legend dir="auto">
        {header && (
          <small>
            <Visible text={header} />
          </small>
        )}
        <Visible text={question.question} />
      </legend>
      {options.map((option, index) => (
        <label key={index} class="option">
          <input
            type={multiSelect ? 'checkbox' : 'radio'}
            name={`${promptId} ${question.question}`}
            checked={choice.labels.includes(option.label)}
            onChange={() => toggleLabel(option.label)}
          />
          <OptionText option={option} />
        </label>
      ))}
      {Object.keys(more).length > 0 && <InputRows rows={toRows(more)} opened={allOpened} />}
      <input
        aria-label={t.ownAnswer(question.question)}
        placeholder={t.somethingElse}
        value={choice.own}
        onInput={(event) =>
          setChoice({ labels: multiSelect ? choice.labels : [], own: event.currentTarget.value })
        }
      />
    </fieldset>
  );
}

const OptionText = ({
  option: { label, description, preview, more },
}: {
  option: Question['options'][number];
}) => (
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
    {Object.keys(more).length > 0 && <InputRows rows={toRows(more)} opened={allOpened} />}
  </span>
);
