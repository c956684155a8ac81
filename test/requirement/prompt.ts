import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about prompts and the rules that answer them. */
export const promptRequirements = {
  'prompt.answer': {
    promise: 'A permission is allowed, changed, denied with words, or denied and stopped, from anywhere.',
    from: 'contract',
  },
  'prompt.several': {
    promise: 'All prompts of all conversations are there at once, those of sub-agents too.',
    from: 'complaints about peers',
  },
  'prompt.question': {
    promise: 'Questions take one, several or own answers, in every mode that asks.',
    from: 'complaints about peers',
  },
  'prompt.plan': {
    promise: 'A plan is accepted with the mode to go on in, or sent back with words.',
    from: 'complaints about peers',
  },
  'prompt.waits': {
    promise:
      'A prompt waits without a limit; PROMPT_TIMEOUT_S says that nobody was there, not that it was refused.',
    from: 'complaints about peers',
  },
  'prompt.once': {
    promise: 'The same answer again is fine, another is 409, to a withdrawn prompt 410.',
    from: 'complaints about peers',
  },
  'prompt.restart': {
    promise: 'Prompts that were open when the server ended are closed as such, and the turn says so.',
    from: 'complaints about peers',
  },
  'prompt.rules': {
    promise:
      'What is remembered covers no more than it says, compound commands part by part; rules can be revoked.',
    from: 'safety',
  },
  'prompt.offers': {
    promise: 'No rule is offered that would allow anything; one that is made by API is marked.',
    from: 'safety',
  },
  'prompt.obeyed': {
    promise:
      'No rule for a file or folder covers what the agent, git, an editor or a shell obeys, nor what a link leads to outside.',
    from: 'safety',
  },
  'prompt.shown': {
    promise:
      'Whoever approves sees every field and value first, marks for hidden characters, and opens what is cut before Allow works.',
    from: 'safety',
  },
  'prompt.told': {
    promise: 'What a person denied is told as denied, and no duration counts their time.',
    from: 'complaints about peers',
  },
  'prompt.risks': { promise: 'A prompt says in plain words why it looks risky.', from: 'safety' },
  'prompt.audit': { promise: 'Who decided what, when and from where is on disk.', from: 'safety' },
  'safe.time': {
    promise: 'Nothing that a model, a page or a file can write costs more than linear time.',
    from: 'safety',
  },
} as const satisfies Record<string, Requirement>;
