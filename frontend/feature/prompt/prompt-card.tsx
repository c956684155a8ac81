import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Prompt } from '../../../contract/prompt.ts';
import { cutsOf } from '../../../contract/shown-input.ts';
import { cutText, visible } from '../../../contract/visible.ts';
import { messages } from '../../i18n/messages.ts';
import { answerPrompt } from '../../state/turn.ts';
import type { Opened } from '../../ui/shown-text.tsx';
import { When } from '../../ui/when.tsx';
import { AnswerButtons } from './answer-buttons.tsx';
import { Asked, planOf, rowsOf, shortTool } from './asked.tsx';
import type { Answer } from './choices.ts';
import { Questions } from './question-form.tsx';
import { questionsOf } from './questions.ts';
import './prompt.css';

/** Cards cannot be answered this long after one appeared or went: the tap was meant for what was there before. */
const settleMs = 500;

const isSettling = signal(false);
let settling: ReturnType<typeof setTimeout> | undefined;

function holdAnswers(): void {
  isSettling.value = true;
  clearTimeout(settling);
  settling = setTimeout(() => {
    isSettling.value = false;
  }, settleMs);
}

type CardProps = {
  prompt: Prompt;
  /** Which conversation, if it is not the open one. */
  place?: string;
};

/** A prompt, with the ways to answer it. It stays until the server reports that it is closed. */
export function PromptCard({ prompt, place }: CardProps) {
  const [isSending, setSending] = useState(false);
  const [isLost, setLost] = useState(false);
  const box = useRef<HTMLElement>(null);
  const [isRawPlan, setRawPlan] = useState(false);
  const { rows, isCut, opened, openAll } = useOpened(prompt, isRawPlan);
  const t = messages.value;
  const isHeld = isSending || isSettling.value;
  useFocusAfter(box);
  useEffect(() => {
    holdAnswers();
    return holdAnswers;
  }, []);

  async function send(answer: Answer): Promise<void> {
    setSending(true);
    setLost(!(await answerPrompt(prompt.id, answer)));
    setSending(false);
  }

  return (
    <section
      ref={box}
      class="prompt"
      tabIndex={-1}
      aria-label={t.promptKinds[prompt.kind]}
      aria-busy={isSending}
    >
      <p class="prompt-head">
        <strong>{titleOf(prompt)}</strong>
        {place && <span dir="auto">{visible(place)}</span>}
        <When time={prompt.opened_at} />
      </p>
      <Asked prompt={prompt} rows={rows} opened={opened} isRawPlan={isRawPlan} setRawPlan={setRawPlan} />
      <Risks risks={prompt.risks} />
      {isLost && (
        <p class="problem" role="alert">
          {t.notSent}
        </p>
      )}
      {isCut && (
        <p class="open-first">
          {t.openFirst}{' '}
          <button type="button" onClick={openAll}>
            {t.showAll}
          </button>
        </p>
      )}
      {prompt.kind === 'question' && questionsOf(prompt) ? (
        <Questions prompt={prompt} isSending={isHeld} isCut={isCut} send={send} />
      ) : (
        <AnswerButtons prompt={prompt} isSending={isHeld} isCut={isCut} send={send} />
      )}
    </section>
  );
}

function Risks({ risks }: Pick<Prompt, 'risks'>) {
  if (!risks.length) return null;
  return (
    <ul class="risks">
      {risks.map((risk) => (
        <li key={risk} class="risk">
          {messages.value.risks[risk] ?? risk}
        </li>
      ))}
    </ul>
  );
}

/** The fields of what is asked, and which of those that are cut were opened. */
function useOpened(prompt: Prompt, isRawPlan: boolean) {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const rows = rowsOf(prompt);
  const isLongPlan = isRawPlan && cutText(planOf(prompt) ?? '') !== null;
  const cuts = [...cutsOf(rows), ...(isLongPlan ? ['plan'] : [])];
  const opened: Opened = { has: (id) => ids.has(id), open: (id) => setIds(new Set([...ids, id])) };
  return { rows, isCut: cuts.some((id) => !ids.has(id)), opened, openAll: () => setIds(new Set(cuts)) };
}

function titleOf({ kind, tool }: Prompt): string {
  const { promptTitles, toolTitles, allowTool } = messages.value;
  if (kind !== 'permission') return promptTitles[kind];
  return Object.hasOwn(toolTitles, tool)
    ? toolTitles[tool as keyof typeof toolTitles]
    : allowTool(visible(shortTool(tool)));
}

/**
 * After an answer by keyboard the focus moves to the next card, not to the top of the page. It moves to the card and
 * not to a button, which a held key would press.
 */
function useFocusAfter(box: { current: HTMLElement | null }): void {
  useEffect(() => {
    const own = box.current;
    let hadFocus = false;
    const note = () => {
      hadFocus = own?.contains(document.activeElement) ?? false;
    };
    document.addEventListener('focusin', note);
    return () => {
      document.removeEventListener('focusin', note);
      if (hadFocus) setTimeout(() => document.querySelector<HTMLElement>('.prompt, .messages')?.focus());
    };
  }, []);
}
