import type { Sent } from '../../../contract/endpoint.ts';
import type { Prompt, PromptKind } from '../../../contract/prompt.ts';

export type Answer = Sent<'answerPrompt', 'body'>;
type Choice = { label: 'allow' | 'goOnAsking' | 'goOnFreely' | 'overBudget'; answer: Answer; isMain: boolean };

/** The ways to say yes to a prompt. */
export function choicesOf(kind: PromptKind): Choice[] {
  if (kind === 'budget') return [{ label: 'overBudget', answer: { decision: 'allow' }, isMain: false }];
  if (kind === 'plan') {
    return [
      { label: 'goOnFreely', answer: { decision: 'allow', permission_mode: 'acceptEdits' }, isMain: true },
      { label: 'goOnAsking', answer: { decision: 'allow', permission_mode: 'default' }, isMain: false },
    ];
  }
  return [{ label: 'allow', answer: { decision: 'allow' }, isMain: true }];
}

type Time = 'hour' | 'conversation' | 'always';
type RememberChoice = { key: string; time: Time; what: string; remember: NonNullable<Answer['remember']> };

const hourMs = 3_600_000;

/** The first word of a command, with the one after it where that names what it does (`npm test`, `git push`). */
function startOf(command: string): string | null {
  const [first, second] = command.trim().split(/\s+/);
  if (!first || !/^[\w./-]+$/.test(first)) return null;
  return second && /^[a-z][\w:-]*$/i.test(second) ? `${first} ${second}` : first;
}

/** For how long, and what beyond exactly this, can be allowed. */
export function rememberChoices({ input }: Pick<Prompt, 'input'>, now: number): RememberChoice[] {
  const { command, file_path } = input;
  const start = typeof command === 'string' ? startOf(command) : null;
  const folder = typeof file_path === 'string' ? file_path.replace(/\/[^/]*$/, '') : '';
  const wider =
    start && start !== String(command).trim()
      ? { what: `${start} …`, of: { command: start } }
      : folder
        ? { what: `${folder}/`, of: { folder } }
        : null;
  const covers = [{ what: '', of: {} }, ...(wider ? [wider] : [])];
  const times: Time[] = ['hour', 'conversation', 'always'];
  return covers.flatMap(({ what, of }) =>
    times.map((time): RememberChoice => {
      const until = time === 'hour' ? { for: 'until' as const, until: new Date(now + hourMs).toISOString() } : { for: time };
      return { key: `${time}${what}`, time, what, remember: { ...until, ...of } };
    }),
  );
}
