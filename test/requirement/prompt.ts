import type { Requirement } from './requirement-type.ts';

/** What Switchboard promises about prompts and the rules that answer them. */
export const promptRequirements = {
  'prompt.answer': {
    promise: 'A permission is allowed, changed, denied with a reason, or denied and stopped, from anywhere.',
    from: 'contract',
  },
  'prompt.several': {
    promise: 'All prompts of all conversations are listed together, those of sub-agents too.',
    from: 'complaints about peers',
  },
  'prompt.question': {
    promise: 'Questions accept one, several or free-text answers, in every mode that asks.',
    from: 'complaints about peers',
  },
  'prompt.plan': {
    promise: 'A plan is accepted with the mode in which to continue, or sent back with a reason.',
    from: 'complaints about peers',
  },
  'prompt.waits': {
    promise:
      'A prompt waits without a limit; PROMPT_TIMEOUT_S reports that no one responded, not that it was denied.',
    from: 'complaints about peers',
  },
  'prompt.once': {
    promise: 'Repeating an answer is accepted, a different one gets 409, one to a withdrawn prompt 410.',
    from: 'complaints about peers',
  },
  'prompt.restart': {
    promise: 'Prompts that were open when the server stopped are closed as restarted, and the turn says so.',
    from: 'complaints about peers',
  },
  'prompt.rules': {
    promise: 'A rule covers no more than it says, compound commands part by part; rules can be revoked.',
    from: 'safety',
  },
  'prompt.offers': {
    promise: 'No rule is offered that would allow anything; one created through the API is marked.',
    from: 'safety',
  },
  'prompt.places': {
    promise:
      'An answer allows only what the person saw: if a path of a prompt leads elsewhere by then, the prompt is shown again.',
    from: 'safety',
  },
  'prompt.obeyed': {
    promise:
      'No rule for a file or folder covers files that the agent, git, an editor or a shell obeys, nor paths that lead outside through a link.',
    from: 'safety',
  },
  'prompt.shown': {
    promise:
      'A person who approves sees every field and value, with marks for hidden characters, and must open truncated values before Allow works.',
    from: 'safety',
  },
  'prompt.told': {
    promise: 'A denied call is reported as denied, and durations exclude the time of a person.',
    from: 'complaints about peers',
  },
  'prompt.risks': { promise: 'A prompt says in plain words why it looks risky.', from: 'safety' },
  'prompt.audit': { promise: 'Who decided what, when and from where is stored on disk.', from: 'safety' },
  'safe.time': {
    promise: 'Nothing that a model, a page or a file can write costs more than linear time.',
    from: 'safety',
  },
} as const satisfies Record<string, Requirement>;
