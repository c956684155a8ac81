import { truncateText } from '../../transcript/truncate.ts';
import type { AgentMenu } from '../port.ts';

const maxRows = 500;

const toRows = (value: unknown): Record<string, unknown>[] =>
  (Array.isArray(value) ? value : []).filter((row) => row && typeof row === 'object').slice(0, maxRows);
const toText = (value: unknown) => truncateText(typeof value === 'string' ? value : '', 300).text;

/** The commands and models that a live process offers, from its answer to `initialize`. */
function toMenu({ commands, models }: Record<string, unknown>): AgentMenu {
  return {
    commands: toRows(commands).map(({ name, description, argumentHint }) => ({
      name: toText(name),
      description: toText(description),
      argument_hint: toText(argumentHint),
    })),
    models: toRows(models).map(({ value, displayName, description }) => ({
      value: toText(value),
      name: toText(displayName) || toText(value),
      description: toText(description),
    })),
  };
}

/** What the newest live process of each project offers. */
export class CapabilityMenus {
  readonly #byProject = new Map<string, AgentMenu>();
  #newest: AgentMenu | null = null;

  store(project: string, answer: Record<string, unknown>): void {
    this.#newest = toMenu(answer);
    this.#byProject.set(project, this.#newest);
  }

  /** The menu of a project, else of the newest process in any project; null if there was none. */
  get(project: string): AgentMenu | null {
    return this.#byProject.get(project) ?? this.#newest;
  }
}
