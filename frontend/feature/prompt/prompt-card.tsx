import { useState } from 'preact/hooks';
import type { Prompt } from '../../../contract/prompt.ts';
import { answerPrompt } from '../../state/turn.ts';
import { Markdown } from '../../ui/markdown.tsx';
import { When } from '../../ui/when.tsx';
import { words } from '../../word/words.ts';
import { type Answer, choicesOf, rememberChoices } from './choices.ts';
import { Questions } from './questions.tsx';
import './prompt.css';

/** What waits for a person, with the ways to answer it. It stays until the server says that it is closed. */
export function PromptCard({ prompt, place }: { prompt: Prompt /** Which conversation, where it is not the open one. */; place?: string }) {
  const [isSending, setSending] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  const t = words.value;

  async function send(answer: Answer): Promise<void> {
    setSending(true);
    await answerPrompt(prompt.id, answer);
    setSending(false);
  }
  const deny = (interrupt: boolean) => send({ decision: 'deny', message: said?.trim() || undefined, interrupt });

  return (
    <section class="prompt" aria-label={t.promptKinds[prompt.kind]} aria-busy={isSending}>
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
              <button key={label} type="button" class={isMain ? 'primary' : ''} disabled={isSending} onClick={() => void send(answer)}>
                {t.choices[label]}
              </button>
            ))}
            {prompt.kind !== 'budget' && (
              <button type="button" disabled={isSending} onClick={() => void deny(false)}>
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
                  {t.denyWithWords}
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
  const { command, file_path, url, description } = input;
  const object = command ?? file_path ?? url;
  return (
    <>
      <p>
        {t.wantsToUse} <strong>{tool}</strong>
        {description ? <span dir="auto">: {String(description)}</span> : null}
      </p>
      <pre tabIndex={0} dir="auto">
        {object === undefined ? JSON.stringify(input, null, 1) : String(object)}
      </pre>
      <p class="quiet-line">
        {t.inFolder} {project}
        {reason ? ` · ${reason}` : ''}
      </p>
    </>
  );
}
