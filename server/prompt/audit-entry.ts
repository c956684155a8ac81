import type { AuditEntry, Prompt } from '../../contract/prompt.ts';
import { truncateText } from '../transcript/truncate.ts';
import { inputText } from './rule-match.ts';

const maxInput = 2000;

/** The person or program that decides, with its address. */
export type Decider = { name: string; address: string | null };

/** A decision that the server makes without a person. */
export const automatic: Decider = { name: 'switchboard', address: null };

/** The audit of a decision about a prompt, or about none. */
export function toAuditEntry(
  prompt: Prompt | null,
  by: Decider,
  at: string,
): Omit<AuditEntry, 'id' | 'action'> {
  return {
    at,
    actor: by.name,
    address: by.address,
    conv_id: prompt?.conv_id ?? null,
    turn_id: prompt?.turn_id ?? null,
    prompt_id: prompt?.id ?? null,
    rule_id: null,
    tool: prompt?.tool ?? null,
    input: prompt ? truncateText(inputText(prompt.input), maxInput).text : null,
    detail: null,
  };
}
