import { expect } from 'vitest';
import type { Prompt } from '../../../../../contract/prompt.ts';
import { rememberChoices } from '../../../../../frontend/feature/prompt/choices.ts';
import { verifies } from '../../../../requirement/verifies.ts';

verifies(
  'page.prompts',
  'offers to allow exactly this, what begins like it, or its folder, for three times',
  () => {
    const whats = (offers: Prompt['offers']) => [
      ...new Set(rememberChoices({ offers }, 0).map(({ what }) => what)),
    ];
    expect(whats([{ command: 'git status' }])).toEqual(['', 'git status …']);
    expect(whats([])).toEqual(['']);
    expect(whats([{ folder: '/p/src' }])).toEqual(['', '/p/src/']);
    expect(rememberChoices({ offers: [] }, 0)[0]?.remember).toEqual({
      for: 'until',
      until: '1970-01-01T01:00:00.000Z',
    });
  },
);
