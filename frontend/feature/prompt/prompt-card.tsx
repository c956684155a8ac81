import { useEffect, useRef, useState } from 'preact/hooks';
import type { Prompt } from '../../../contract/prompt.ts';
import { answerPrompt } from '../../state/turn.ts';
import { InputView } from '../../ui/input-view.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { When } from '../../ui/when.tsx';
import { words } from '../../word/words.ts';
import { type Answer, choicesOf, rememberChoices } from './choices.ts';
import { Questions } from './questions.tsx';
import './prompt.css';

type CardProps = {
  prompt: Prompt;
  /** Which conversation, where it is not the open one. */
  place?: string;
};

/** What waits for a person, with the ways to answer it. It stays until the server says that it is closed. */
export function PromptCard({ prompt, place }: CardProps) {
  const [isSending, setSending] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  const [isLost, setLost] = useState(false);
  const box = useRef<HTMLElement>(null);
  const t = words.value;

  async function send(answer: Answer): Promise<void> {
    setSending(true);
    setLost(!(await answerPrompt(prompt.id, answer)));
    setSending(false);
  }
  const deny = (interrupt: boolean) => send({ decision: 'deny', message: said?.trim() || undefined, interrupt });

  // Who has answered by the keyboard goes on where the card was, not at the top of the page.
  useEffect(() => {
    const own = box.current;
    let hadFocus = false;
    const note = () => {
      hadFocus = own?.contains(document.activeElement) ?? false;
    };
    document.addEventListener('focusin', note);
    return () => {
      document.removeEventListener('focusin', note);
      if (hadFocus) setTimeout(() => document.querySelector<HTMLElement>('.prompt button, .messages')?.focus());
    };
  }, []);

  return (
    <section ref={box} class="prompt" aria-label={t.promptKinds[prompt.kind]} aria-busy={isSending}>
      <p class="prompt-head">
        <strong>{t.promptTitles[prompt.kind]}</strong>
        {place && <span dir="auto">{place}</span>}
        <When time={prompt.opened_at} />
      </p>
      <Asked prompt={prompt} />
      {prompt.risks.map((risk) => (
        <p key={risk} class="risk">
          <span aria-hidden="true">⚠ </span>
          {risk}
        </p>
      ))}
      {isLost && (
        <p class="problem" role="alert">
          {t.notSent}
        </p>
      )}
      {prompt.kind === 'question' ? (
        <Questions prompt={prompt} isSending={isSending} send={send} />
      ) : (
        <>
          {said !== null && (
            <textarea
              autoFocus
              aria-label={t.wordsForAgent}
              placeholder={t.wordsForAgent}
              rows={2}
              value={said}
              onInput={(event) => setSaid(event.currentTarget.value)}
            />
          )}
          <p class="choices">
            {choicesOf(prompt.kind).map(({ label, answer, isMain }) => (
              <button
                key={label}
                type="button"
                class={isMain && !said?.trim() ? 'primary' : ''}
                disabled={isSending}
                onClick={() => void send(answer)}
              >
                {t.choices[label]}
              </button>
            ))}
            {prompt.kind !== 'budget' && (
              <button type="button" class={said?.trim() ? 'primary' : ''} disabled={isSending} onClick={() => void deny(false)}>
                {prompt.kind === 'plan' ? t.choices.sendBack : t.deny}
              </button>
            )}
            {prompt.kind === 'budget' && (
              <button type="button" class="danger" disabled={isSending} onClick={() => void deny(true)}>
                {t.stop}
              </button>
            )}
          </p>
          {prompt.kind !== 'budget' && (
            <p class="choices more-choices">
              {said === null && (
                <button type="button" class="plain" onClick={() => setSaid('')}>
                  {prompt.kind === 'plan' ? t.sendBackWithWords : t.denyWithWords}
                </button>
              )}
              <button type="button" class="plain" disabled={isSending} onClick={() => void deny(true)}>
                {t.denyAndStop}
              </button>
              {prompt.kind === 'permission' && <Remember prompt={prompt} isSending={isSending} send={send} />}
            </p>
          )}
        </>
      )}
    </section>
  );
}

/** Allow for a while: for how long, and for what. */
function Remember({ prompt, isSending, send }: { prompt: Prompt; isSending: boolean; send(answer: Answer): Promise<void> }) {
  const t = words.value;
  return (
    <select
      aria-label={t.allowForAWhile}
      disabled={isSending}
      value=""
      onChange={(event) => {
        const chosen = rememberChoices(prompt, Date.now()).find(({ key }) => key === event.currentTarget.value);
        if (chosen) void send({ decision: 'allow', remember: chosen.remember });
      }}
    >
      <option value="">{t.allowForAWhile} …</option>
      {rememberChoices(prompt, 0).map(({ key, time, what }) => (
        <option key={key} value={key}>
          {t.rememberFor[time]}
          {what ? `: ${what}` : ''}
        </option>
      ))}
    </select>
  );
}

function Asked({ prompt: { kind, tool, input, reason, project } }: { prompt: Prompt }) {
  const t = words.value;
  if (kind === 'question') return null;
  if (kind === 'plan') return <Markdown text={typeof input['plan'] === 'string' ? input['plan'] : t.noPlan} />;
  if (kind === 'budget') return <p>{t.budgetAsked(tool)}</p>;
  const { description } = input;
  return (
    <>
      <p>
        {t.wantsToUse} <strong>{tool}</strong>
        {description ? <span dir="auto">: {String(description)}</span> : null}
      </p>
      <InputView input={input} label={t.input} hidden={description ? ['description'] : []} />
      <p class="quiet-line">
        {t.inFolder} {project}
        {reason ? ` · ${reason}` : ''}
      </p>
    </>
  );
}
