import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Prompt } from '../../../contract/prompt.ts';
import { type InputRow, toRows } from '../../../contract/shown-input.ts';
import { visible } from '../../../contract/visible.ts';
import { messages } from '../../i18n/messages.ts';
import { InputRows } from '../../ui/input-rows.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { type Opened, ShownText, Visible } from '../../ui/shown-text.tsx';
import { showsAll } from './plan-text.ts';
import { questionsOf } from './questions.ts';

/** The text of a plan, if there is one. */
export const planOf = ({ kind, input }: Prompt): string | null => {
  const { plan } = input;
  return kind === 'plan' && typeof plan === 'string' ? plan : null;
};

/** What a command is said to do: nothing is done with it, so it need not be read before the command is allowed. */
const descriptionOf = ({ tool, input }: Prompt): string | null => {
  const { command, description } = input;
  const hasCommand = tool === 'Bash' && typeof command === 'string';
  return hasCommand && typeof description === 'string' && description.trim() ? description : null;
};

/** A longer name of a tool would push what is asked off the screen. */
const maxTool = 60;

export const shortTool = (tool: string): string =>
  tool.length > maxTool ? `${tool.slice(0, maxTool / 2)}…${tool.slice(-maxTool / 2)}` : tool;

/** The fields of an input that do not stand elsewhere on the card. */
export function rowsOf(prompt: Prompt): InputRow[] {
  const elsewhere = [
    ...(planOf(prompt) === null ? [] : ['plan']),
    ...(descriptionOf(prompt) === null ? [] : ['description']),
    ...(prompt.kind === 'question' && questionsOf(prompt) ? ['questions'] : []),
  ];
  const rows = toRows(prompt.input, elsewhere);
  const { tool } = prompt;
  return shortTool(tool) === tool
    ? rows
    : [...rows, { id: '@tool', depth: 0, name: 'tool', kind: 'text', value: tool }];
}

type PlanProps = {
  opened: Opened;
  /** The plan is shown as it was written: drawn as Markdown, some of its words would be missing. */
  isRawPlan: boolean;
  setRawPlan(isRaw: boolean): void;
};

type AskedProps = PlanProps & { prompt: Prompt; rows: readonly InputRow[] };

/** What is asked, the most important first: all fields, what it is said to do, why it is asked, and where. */
export function Asked({ prompt, rows, ...how }: AskedProps) {
  const t = messages.value;
  const { kind, tool, reason, project } = prompt;
  const plan = planOf(prompt);
  const description = descriptionOf(prompt);
  return (
    <>
      {kind === 'budget' && <p>{t.budgetAsked(visible(tool))}</p>}
      {kind === 'plan' && (plan === null ? <p>{t.noPlan}</p> : <Plan text={plan} {...how} />)}
      <InputRows rows={rows} opened={how.opened} />
      {description !== null && <Note text={description} />}
      {kind === 'permission' && (
        <>
          {reason && reason !== description && <Note text={reason} />}
          <p class="quiet-line">
            {t.inFolder} <Visible text={project} />
          </p>
        </>
      )}
    </>
  );
}

/** Two lines of a text that only explains; a tap shows the rest. */
function Note({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <button type="button" class="note-text" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
      <span dir="auto">
        <Visible text={text} />
      </span>
    </button>
  );
}

/** A plan as Markdown; if that would leave out some of its words, as it was written. */
function Plan({ text, opened, isRawPlan, setRawPlan }: PlanProps & { text: string }) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // Code gets its colours and the part that reads Markdown comes later; neither changes the words.
    if (!isRawPlan && !showsAll(text, box.current?.textContent ?? '')) setRawPlan(true);
  });
  if (!isRawPlan) {
    return (
      <div ref={box}>
        <Markdown text={visible(text)} />
      </div>
    );
  }
  return (
    <div class="value text" dir="auto">
      <ShownText text={text} id="plan" opened={opened} />
    </div>
  );
}
