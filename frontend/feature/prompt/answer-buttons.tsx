import { useState } from 'preact/hooks';
import type { Prompt } from '../../../contract/prompt.ts';
import { visible } from '../../../contract/visible.ts';
import { messages } from '../../i18n/messages.ts';
import { type Answer, choicesOf, rememberChoices } from './choices.ts';

type AnswerButtonsProps = {
  prompt: Prompt;
  isSending: boolean;
  /** Some of what is asked is not in sight: it cannot be allowed yet. */
  isCut: boolean;
  send(answer: Answer): Promise<void>;
};

/** Yes and no; while a reason for no is written, only that. */
export function AnswerButtons(props: AnswerButtonsProps) {
  const { prompt, isSending, isCut, send } = props;
  const [said, setSaid] = useState<string | null>(null);
  const t = messages.value;
  const deny = (interrupt: boolean) =>
    send({ decision: 'deny', message: said?.trim() || undefined, interrupt });
  if (said !== null) {
    return <Reason {...props} said={said} setSaid={setSaid} deny={() => deny(false)} />;
  }
  const isPlan = prompt.kind === 'plan';
  const isBudget = prompt.kind === 'budget';
  return (
    <>
      <p class="choices">
        {prompt.kind !== 'question' &&
          choicesOf(prompt.kind).map(({ label, answer, isMain }) => (
            <button
              key={label}
              type="button"
              class={isMain ? 'primary' : ''}
              disabled={isSending || isCut}
              onClick={() => void send(answer)}
            >
              {t.choices[label]}
            </button>
          ))}
        <button
          type="button"
          class={isBudget ? 'danger' : ''}
          disabled={isSending}
          onClick={() => void deny(isBudget)}
        >
          {isBudget ? t.stop : isPlan ? t.choices.sendBack : t.deny}
        </button>
      </p>
      {!isBudget && (
        <p class="choices more-choices">
          <button type="button" class="plain" onClick={() => setSaid('')}>
            {isPlan ? t.requestChanges : t.denyWithReason}
          </button>
          <button type="button" class="plain" disabled={isSending} onClick={() => void deny(true)}>
            {t.denyAndStop}
          </button>
          {prompt.kind === 'permission' && <Remember {...props} />}
        </p>
      )}
    </>
  );
}

type ReasonProps = AnswerButtonsProps & {
  said: string;
  setSaid(said: string | null): void;
  deny(): Promise<void>;
};

/** The reason of a refusal, with the button that sends it. */
function Reason({ prompt, isSending, said, setSaid, deny }: ReasonProps) {
  const t = messages.value;
  return (
    <>
      <textarea
        autoFocus
        aria-label={t.messageForAgent}
        placeholder={t.messageForAgent}
        rows={2}
        value={said}
        onInput={(event) => setSaid(event.currentTarget.value)}
      />
      <p class="choices">
        <button
          type="button"
          class="primary"
          disabled={isSending || !said.trim()}
          onClick={() => void deny()}
        >
          {prompt.kind === 'plan' ? t.sendRequest : t.denyAndSend}
        </button>
        <button type="button" disabled={isSending} onClick={() => setSaid(null)}>
          {t.cancel}
        </button>
      </p>
    </>
  );
}

/** Allow for a while: for how long, and for what. */
function Remember({ prompt, isSending, isCut, send }: AnswerButtonsProps) {
  const t = messages.value;
  const choices = rememberChoices(prompt, Date.now());
  return (
    <select
      aria-label={t.allowForAWhile}
      disabled={isSending || isCut}
      value=""
      onChange={(event) => {
        const chosen = choices.find(({ key }) => key === event.currentTarget.value);
        if (chosen) void send({ decision: 'allow', remember: chosen.remember });
      }}
    >
      <option value="">{t.allowForAWhile} …</option>
      {choices.map(({ key, time, what }) => (
        <option key={key} value={key}>
          {t.rememberFor[time]}
          {what ? `: ${visible(what)}` : ''}
        </option>
      ))}
    </select>
  );
}
