import { randomUUID } from 'node:crypto';
import type { AgentOutput, AskedPrompt, PromptReply } from '../port.ts';

const kinds: Record<string, AskedPrompt['kind']> = { AskUserQuestion: 'question', ExitPlanMode: 'plan' };

export const promptKind = (tool: string): AskedPrompt['kind'] => kinds[tool] ?? 'permission';

/** Asks a person and waits for the reply. Rejects when `signal` is aborted first. */
export function askPerson(
  prompt: Omit<AskedPrompt, 'id'>,
  output: (output: AgentOutput) => void,
  signal: AbortSignal,
): Promise<PromptReply> {
  signal.throwIfAborted();
  const closing = new AbortController();
  return new Promise((resolve, reject) => {
    const withdraw = () => {
      closing.abort();
      reject(signal.reason);
    };
    signal.addEventListener('abort', withdraw, { once: true });
    output({
      type: 'prompt.asked',
      prompt: { id: randomUUID(), ...prompt },
      signal: closing.signal,
      respond(reply) {
        if (closing.signal.aborted) return false;
        signal.removeEventListener('abort', withdraw);
        closing.abort();
        resolve(reply);
        return true;
      },
    });
  });
}
