import type { Prompt, PromptAnswer } from '../../contract/prompt.ts';
import type { PromptReply } from '../agent/port.ts';
import { AppError } from '../app-error.ts';

type Question = { question: string; multiSelect: boolean };

/** The text for the model if the person gave none. */
const refusal: Record<Prompt['kind'], string> = {
  permission:
    'The user does not allow this. Do not try it in another way; go on without it, or ask what to do instead.',
  question: 'The user did not answer this question.',
  plan: 'The user does not accept this plan yet. Stay in plan mode and ask what to change.',
  budget: 'The budget is used up, and the user stopped the turn.',
};

const wrong = (field: string, what: string) =>
  new AppError('invalid_request', `${field}: ${what}`, { field });

export function questionsOf({ input }: Pick<Prompt, 'input'>): Question[] {
  const { questions } = input;
  if (!Array.isArray(questions)) return [];
  return questions
    .filter((question) => typeof question?.question === 'string')
    .map(({ question, multiSelect }) => ({ question, multiSelect: multiSelect === true }));
}

/** What an answer says to the agent. Throws AppError `invalid_request` for one that does not fit its prompt. */
export function toReply(prompt: Prompt, answer: PromptAnswer): PromptReply {
  if (answer.decision === 'deny') {
    for (const field of ['updated_input', 'answers', 'permission_mode', 'remember'] as const) {
      if (answer[field] != null) throw wrong(field, 'goes with "allow" only');
    }
    return {
      decision: 'deny',
      message: answer.message?.trim() || refusal[prompt.kind],
      interrupt: answer.interrupt ?? prompt.kind === 'budget',
    };
  }
  for (const field of ['message', 'interrupt'] as const)
    if (answer[field]) throw wrong(field, 'goes with "deny" only');
  const isRemembered = answer.remember != null && answer.remember !== 'once';
  for (const [field, isGiven, kind] of [
    ['answers', answer.answers != null, 'question'],
    ['permission_mode', answer.permission_mode != null, 'plan'],
    ['updated_input', answer.updated_input != null, 'permission'],
    ['remember', isRemembered, 'permission'],
  ] as const) {
    if (isGiven && prompt.kind !== kind) throw wrong(field, `is for a ${kind}; this is a ${prompt.kind}`);
  }
  if (isRemembered && answer.updated_input)
    throw wrong('remember', 'cannot go with updated_input: it would allow what was asked, which you changed');
  const input = answer.updated_input ?? prompt.input;
  if (prompt.kind === 'question')
    return { decision: 'allow', input, answers: toAnswers(questionsOf(prompt), answer.answers ?? {}) };
  return {
    decision: 'allow',
    input,
    ...(answer.permission_mode ? { permissionMode: answer.permission_mode } : {}),
  };
}

function toAnswers(
  questions: readonly Question[],
  given: Record<string, string | string[]>,
): Record<string, string> {
  for (const name of Object.keys(given)) {
    if (!questions.some(({ question }) => question === name))
      throw wrong('answers', `there is no question ${JSON.stringify(name)}`);
  }
  const answers: [string, string][] = [];
  for (const { question, multiSelect } of questions) {
    const chosen = [Object.hasOwn(given, question) ? (given[question] ?? []) : []]
      .flat()
      .map((text) => text.trim());
    if (!chosen.length || chosen.includes(''))
      throw wrong('answers', `needs an answer to ${JSON.stringify(question)}`);
    if (chosen.length > 1 && !multiSelect)
      throw wrong('answers', `takes one answer to ${JSON.stringify(question)}`);
    answers.push([question, chosen.join(', ')]);
  }
  return Object.fromEntries(answers);
}
