import { useSignal } from '@preact/signals';
import type { Prompt } from '../../../contract/prompt.ts';
import { answerPrompt } from '../../state/thread.ts';
import { Text } from '../../ui/text.tsx';
import './prompt.css';

type Answer = Parameters<typeof answerPrompt>[1];
type Question = { question: string; options: { label: string; description?: string }[]; multiSelect: boolean };

/** What waits for a person, with the ways to answer it. It stays until the server says that it is closed. */
export function PromptCard({ prompt }: { prompt: Prompt }) {
  const isSending = useSignal(false);
  const words = useSignal('');

  async function send(answer: Answer): Promise<void> {
    isSending.value = true;
    await answerPrompt(prompt.id, answer);
    isSending.value = false;
  }
  const deny = (interrupt: boolean) => send({ decision: 'deny', message: words.value.trim() || undefined, interrupt });

  return (
    <section class="prompt" aria-label={prompt.kind}>
      <Asked prompt={prompt} />
      {prompt.risks.map((risk) => (
        <p key={risk} class="risk">
          {risk}
        </p>
      ))}
      {prompt.kind === 'question' ? (
        <Questions prompt={prompt} isSending={isSending.value} send={send} />
      ) : (
        <>
          {prompt.kind !== 'budget' && (
            <input
              aria-label="Words for Claude"
              placeholder="Words for Claude, if you refuse"
              value={words.value}
              onInput={(event) => {
                words.value = event.currentTarget.value;
              }}
            />
          )}
          <p class="choices">
            {choicesOf(prompt).map(({ label, answer }) => (
              <button key={label} type="button" disabled={isSending.value} onClick={() => void send(answer)}>
                {label}
              </button>
            ))}
            {prompt.kind !== 'budget' && (
              <button type="button" disabled={isSending.value} onClick={() => void deny(false)}>
                {prompt.kind === 'plan' ? 'Keep planning' : 'Refuse'}
              </button>
            )}
            <button type="button" class="danger" disabled={isSending.value} onClick={() => void deny(true)}>
              {prompt.kind === 'budget' ? 'Stop' : 'Refuse and stop'}
            </button>
          </p>
        </>
      )}
    </section>
  );
}

function choicesOf({ kind }: Prompt): { label: string; answer: Answer }[] {
  if (kind === 'budget') return [{ label: 'Go on over the budget', answer: { decision: 'allow' } }];
  if (kind === 'plan') {
    return [
      { label: 'Go on, asking', answer: { decision: 'allow', permission_mode: 'default' } },
      { label: 'Go on, edit freely', answer: { decision: 'allow', permission_mode: 'acceptEdits' } },
    ];
  }
  return [
    { label: 'Allow', answer: { decision: 'allow' } },
    { label: 'Allow from now on', answer: { decision: 'allow', remember: 'conversation' } },
  ];
}

function Asked({ prompt: { kind, tool, input } }: { prompt: Prompt }) {
  if (kind === 'question') return null;
  if (kind === 'plan') return <Text text={typeof input['plan'] === 'string' ? input['plan'] : 'There is no text of the plan.'} />;
  if (kind === 'budget') return <p>The budget is used up. Claude wants to go on with {tool}.</p>;
  const { command, file_path } = input;
  return (
    <>
      <p>
        Claude wants to use <strong>{tool}</strong>
      </p>
      <pre>{String(command ?? file_path ?? JSON.stringify(input, null, 1))}</pre>
    </>
  );
}

function Questions({ prompt, isSending, send }: { prompt: Prompt; isSending: boolean; send(answer: Answer): Promise<void> }) {
  const chosen = useSignal<Record<string, string[]>>({});
  const questions = (prompt.input['questions'] ?? []) as Question[];
  const isDone = questions.every(({ question }) => chosen.value[question]?.some((text) => text.trim()));

  function choose({ question, multiSelect }: Question, label: string): void {
    const before = chosen.value[question] ?? [];
    const toggled = before.includes(label) ? before.filter((one) => one !== label) : [...before, label];
    chosen.value = { ...chosen.value, [question]: multiSelect ? toggled : [label] };
  }

  return (
    <>
      {questions.map((one) => (
        <fieldset key={one.question}>
          <legend>{one.question}</legend>
          {one.options.map(({ label, description }) => (
            <label key={label}>
              <input
                type={one.multiSelect ? 'checkbox' : 'radio'}
                name={one.question}
                checked={chosen.value[one.question]?.includes(label) ?? false}
                onChange={() => choose(one, label)}
              />
              {label} <small>{description}</small>
            </label>
          ))}
          <input
            aria-label={`Own answer to ${one.question}`}
            placeholder="Something else"
            onInput={(event) => {
              chosen.value = { ...chosen.value, [one.question]: [event.currentTarget.value] };
            }}
          />
        </fieldset>
      ))}
      <p class="choices">
        <button
          type="button"
          class="primary"
          disabled={isSending || !isDone}
          onClick={() =>
            void send({ decision: 'allow', answers: Object.fromEntries(questions.map(({ question }) => [question, chosen.value[question] ?? []])) })
          }
        >
          Answer
        </button>
        <button type="button" disabled={isSending} onClick={() => void send({ decision: 'deny' })}>
          Do not answer
        </button>
      </p>
    </>
  );
}
