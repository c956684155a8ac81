import type { Prompt } from '../../contract/prompt.ts';
import type { Command } from '../command.ts';
import { CliError, exitCodes, UsageError } from '../errors.ts';
import { stringOption } from '../option.ts';
import { formatPrompt, formatQuestion, readQuestions } from '../prompt-lines.ts';

const promptArg = { flags: '<id>', about: 'the prompt, or a conversation with one open prompt' };

const prompts: Command = {
  name: 'prompts',
  group: 'steer',
  args: [],
  about: 'List open prompts',
  options: [],
  examples: ['switchboard prompts', 'switchboard --json prompts | jq -r ".[].id"'],
  async run({ client, out }) {
    const { prompts: waiting } = await client.call('listPrompts', {});
    out.data(waiting, () =>
      out.isQuiet
        ? waiting.map(({ id }) => id).join('\n')
        : waiting.flatMap((prompt) => formatPrompt(prompt)).join('\n'),
    );
    if (!waiting.length) out.say('Nothing waits for you.');
    return exitCodes.ok;
  },
};

/** The prompt of this id, or the only one of a conversation of this name. Throws CliError. */
async function resolvePrompt(client: Parameters<Command['run']>[0]['client'], name: string): Promise<Prompt> {
  const { prompts: waiting } = await client.call('listPrompts', {});
  const found = waiting.filter(({ id, conv_id }) => id === name || conv_id === name);
  if (found.length === 1) return found[0] as Prompt;
  if (found.length)
    throw new CliError(
      `${found.length} prompts wait in ${name}: ${found.map(({ id }) => id).join(', ')}. Name one by its id.`,
    );
  throw new CliError(`No prompt ${JSON.stringify(name)} waits. \`switchboard prompts\` lists those that do.`);
}

const allow: Command = {
  name: 'allow',
  group: 'steer',
  args: [promptArg],
  about: 'Allow a request, or answer a question',
  options: [
    {
      flags: '--remember <for>',
      about: 'do not ask again for exactly this',
      choices: ['conversation', 'always'],
    },
    { flags: '--answer <label...>', about: 'for a question: label or text, one per question' },
  ],
  examples: [
    'switchboard allow tests',
    'switchboard allow kT3x… --remember conversation',
    'switchboard allow tests --answer Green',
  ],
  async run({ client, out }, [name = ''], values) {
    const prompt = await resolvePrompt(client, name);
    const given = Array.isArray(values['answer']) ? values['answer'] : [];
    const questions = readQuestions(prompt);
    if (prompt.kind === 'question' && given.length !== questions.length) {
      const count = questions.length === 1 ? 'a question' : `${questions.length} questions`;
      throw new UsageError(
        `It asks ${count}: give --answer for each. ${questions.map(formatQuestion).join(' ')}`,
      );
    }
    const answers = Object.fromEntries(
      questions.map(({ question }, index) => [String(question), String(given[index])]),
    );
    const remember = stringOption(values, 'remember') as 'always' | undefined;
    // By the name of a conversation it may be another one than was listed before.
    if (name !== prompt.id) out.say(formatPrompt(prompt).join('\n'));
    const body = {
      decision: 'allow' as const,
      ...(prompt.kind === 'question' ? { answers } : {}),
      ...(remember ? { remember } : {}),
    };
    const answer = await client.call('answerPrompt', { params: { id: prompt.id }, body });
    out.data(answer, () => answer.outcome);
    return exitCodes.ok;
  },
};

const deny: Command = {
  name: 'deny',
  group: 'steer',
  args: [promptArg, { flags: '[message]', about: 'message for the model' }],
  about: 'Deny a request',
  options: [{ flags: '--stop', about: 'also stop the turn' }],
  examples: ['switchboard deny tests "use the staging database"'],
  async run({ client, out }, [name = '', message], values) {
    const prompt = await resolvePrompt(client, name);
    const body = {
      decision: 'deny' as const,
      ...(message ? { message } : {}),
      ...(values['stop'] ? { interrupt: true } : {}),
    };
    const answer = await client.call('answerPrompt', { params: { id: prompt.id }, body });
    out.data(answer, () => answer.outcome);
    return exitCodes.ok;
  },
};

export const promptCommands = [prompts, allow, deny];
