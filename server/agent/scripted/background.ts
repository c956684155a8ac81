import type { BackgroundTask } from '../../../contract/conversation.ts';
import { startShell, type ToolContext, type ToolResult } from './tools.ts';

type Status = 'completed' | 'failed' | 'killed';

type TasksDeps = {
  now(): Date;
  changed(tasks: readonly BackgroundTask[]): void;
  ended(task: BackgroundTask, status: Status, summary: string): void;
};

/** The background work of a session. */
export class Tasks {
  readonly #deps: TasksDeps;
  #tasks: BackgroundTask[] = [];

  constructor(deps: TasksDeps) {
    this.#deps = deps;
  }

  get list(): readonly BackgroundTask[] {
    return this.#tasks;
  }

  add(task: Omit<BackgroundTask, 'since'>): void {
    this.#tasks = [...this.#tasks, { ...task, since: this.#deps.now().toISOString() }];
    this.#deps.changed(this.#tasks);
  }

  remove(id: string, status: Status, summary: string): void {
    const task = this.#tasks.find((one) => one.id === id);
    if (!task) return;
    this.#tasks = this.#tasks.filter((one) => one !== task);
    this.#deps.ended(task, status, summary);
    this.#deps.changed(this.#tasks);
  }
}

type Shell = { controller: AbortController; output: string };

/** The shells of a session that run beside its turns. */
export class BackgroundShells {
  readonly #tasks: Tasks;
  readonly #context: () => Omit<ToolContext, 'signal'>;
  readonly #onEnd: (id: string, status: Status, summary: string) => void;
  readonly #shells = new Map<string, Shell>();
  #count = 0;

  constructor(
    tasks: Tasks,
    context: () => Omit<ToolContext, 'signal'>,
    onEnd: (id: string, status: Status, summary: string) => void,
  ) {
    this.#tasks = tasks;
    this.#context = context;
    this.#onEnd = onEnd;
  }

  async start(command: string): Promise<ToolResult> {
    this.#count += 1;
    const id = `shell_${this.#count}`;
    const shell: Shell = { controller: new AbortController(), output: '' };
    const { result } = await startShell(
      command,
      { ...this.#context(), signal: shell.controller.signal },
      (output) => {
        shell.output = output;
      },
    );
    this.#shells.set(id, shell);
    this.#tasks.add({ id, kind: 'shell', description: command.slice(0, 500) });
    void result.then(({ isError }) => {
      this.#shells.delete(id);
      const status = shell.controller.signal.aborted ? 'killed' : isError ? 'failed' : 'completed';
      const summary = `Background command "${command}" ${status}`;
      this.#tasks.remove(id, status, summary);
      this.#onEnd(id, status, summary);
    });
    return { output: `Command running in background with ID: ${id}`, isError: false };
  }

  /** False if there is no such shell. */
  stop(id: string): boolean {
    const shell = this.#shells.get(id);
    shell?.controller.abort();
    return shell !== undefined;
  }

  stopAll(): void {
    for (const id of this.#shells.keys()) this.stop(id);
  }

  outputs(): Map<string, string> {
    return new Map([...this.#shells].map(([id, { output }]) => [id, output]));
  }
}
