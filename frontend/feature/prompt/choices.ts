import type { Sent } from '../../../contract/endpoint.ts';
import type { Prompt, PromptKind } from '../../../contract/prompt.ts';

export type Answer = Sent<'answerPrompt', 'body'>;
type Choice = {
  label: 'allow' | 'acceptAsking' | 'acceptFreely' | 'overBudget';
  answer: Answer;
  isMain: boolean;
};

/** The ways to say yes to a prompt. */
export function choicesOf(kind: PromptKind): Choice[] {
  if (kind === 'budget') return [{ label: 'overBudget', answer: { decision: 'allow' }, isMain: false }];
  if (kind === 'plan') {
    return [
      { label: 'acceptFreely', answer: { decision: 'allow', permission_mode: 'acceptEdits' }, isMain: true },
      { label: 'acceptAsking', answer: { decision: 'allow', permission_mode: 'default' }, isMain: false },
    ];
  }
  return [{ label: 'allow', answer: { decision: 'allow' }, isMain: true }];
}

type Time = 'hour' | 'conversation' | 'always';
type RememberChoice = { key: string; time: Time; what: string; remember: NonNullable<Answer['remember']> };

const hourMs = 3_600_000;

/** For how long, and what beyond exactly this, can be allowed. The server says what is safe to offer. */
export function rememberChoices({ offers = [] }: Pick<Prompt, 'offers'>, now: number): RememberChoice[] {
  const wider = offers.map((of) => ({ what: 'command' in of ? `${of.command} …` : `${of.folder}/`, of }));
  const times: Time[] = ['hour', 'conversation', 'always'];
  return [{ what: '', of: {} }, ...wider].flatMap(({ what, of }) =>
    times.map((time): RememberChoice => {
      const until =
        time === 'hour'
          ? { for: 'until' as const, until: new Date(now + hourMs).toISOString() }
          : { for: time };
      return { key: `${time}${what}`, time, what, remember: { ...until, ...of } };
    }),
  );
}
