import type { Denied } from '../../contract/message.ts';

/** How a denial begins that no person has decided: PROMPT_TIMEOUT_S has passed. */
export const nobodyAnswered = 'Nobody was there to answer within';

/** What the CLI says to the model when a person refuses, in all versions. */
const refusedByPerson = /^The user doesn't want to proceed with this tool use/;

/**
 * Why a tool never ran, by what the CLI says of its result (2.1.329; older ones say nothing): `kind` is
 * `toolDenialKind` of a transcript or `non_execution_kind` of the stream. Undefined if it did run.
 */
export function parseDenial(kind: unknown, decision: unknown, output: string): Denied | undefined {
  const source = (decision as { source?: unknown } | null | undefined)?.source;
  const isRefused = refusedByPerson.test(output);
  if (typeof kind !== 'string') return isRefused ? 'person' : undefined;
  if (output.startsWith(nobodyAnswered)) return 'nobody';
  if (source === 'user_reject' || (kind === 'user-rejected' && isRefused)) return 'person';
  return kind.startsWith('permission') ? 'rule' : undefined;
}
