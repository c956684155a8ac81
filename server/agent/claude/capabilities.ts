import { truncateText } from '../../transcript/truncate.ts';
import type { AgentMenu } from '../port.ts';

const maxRows = 500;

const rows = (value: unknown): Record<string, unknown>[] =>
  (Array.isArray(value) ? value : []).filter((row) => row && typeof row === 'object').slice(0, maxRows);
const text = (value: unknown) => truncateText(typeof value === 'string' ? value : '', 300).text;

/** The commands and models that a live process offers, from its answer to `initialize`. */
export function toCapabilities(answer: Record<string, unknown>): AgentMenu {
  return {
    commands: rows(answer['commands']).map(({ name, description, argumentHint }) => ({
      name: text(name),
      description: text(description),
      argument_hint: text(argumentHint),
    })),
    models: rows(answer['models']).map(({ value, displayName, description }) => ({
      value: text(value),
      name: text(displayName) || text(value),
      description: text(description),
    })),
  };
}
