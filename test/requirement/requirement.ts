/** A promise of the product: one sentence, and where it comes from. */
type Requirement = { promise: string; from: 'README' | 'docs/security.md' | 'docs/curl.md' | 'docs/phone.md' | 'docs/api.md' | 'CONTRIBUTING' };

/** What Switchboard promises. Tests cite the ids; a promise without a test fails the run. */
export const requirements = {
  'chat.json': { promise: 'POST /api/chat answers with what claude said, its session, cost and turns.', from: 'docs/curl.md' },
} as const satisfies Record<string, Requirement>;

export type RequirementId = keyof typeof requirements;
