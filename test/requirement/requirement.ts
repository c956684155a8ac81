import { accessRequirements } from './access.ts';
import { apiRequirements } from './api.ts';
import { operationRequirements } from './operation.ts';
import { pageRequirements } from './page.ts';
import { promptRequirements } from './prompt.ts';
import { sessionRequirements } from './session.ts';
import { turnRequirements } from './turn.ts';

/** What Switchboard promises. Tests cite the ids; a promise without a test fails the run. */
export const requirements = {
  ...apiRequirements,
  ...turnRequirements,
  ...promptRequirements,
  ...accessRequirements,
  ...pageRequirements,
  ...sessionRequirements,
  ...operationRequirements,
};

export type RequirementId = keyof typeof requirements;
