import type { BackgroundTask } from '../../../contract/conversation.ts';
import type { LiveListener } from '../port.ts';
import type { CliLine, TaskRow } from './protocol.ts';

export type BackgroundEvents = {
  now(): Date;
  onChange(tasks: readonly BackgroundTask[]): void;
  onEnd(task: BackgroundTask, status: Parameters<LiveListener['backgroundEnded']>[2], summary: string): void;
};

/** The shells and sub-agents that a process runs in the background, as its output reports them. */
export class BackgroundWork {
  readonly #events: BackgroundEvents;
  #tasks: readonly BackgroundTask[] = [];
  /** How tasks ended that are still in the list, by task id. */
  readonly #reports = new Map<string, { status: string; summary: string }>();
  /** What each sub-agent is doing, as it reported last. */
  readonly #progress = new Map<string, string>();

  constructor(events: BackgroundEvents) {
    this.#events = events;
  }

  get tasks(): readonly BackgroundTask[] {
    return this.#tasks;
  }

  get progress(): ReadonlyMap<string, string> {
    return this.#progress;
  }

  handleLine(line: CliLine): void {
    if (line.type === 'task_progress') this.#progress.set(line.taskId, line.description);
    else if (line.type === 'task_notification') this.#reports.set(line.taskId, line);
    else if (line.type === 'background_tasks_changed') this.#replace(line.tasks);
  }

  /** The process has ended, and its background work with it. */
  end(): void {
    if (this.#tasks.length) this.#replace([]);
  }

  #replace(rows: readonly TaskRow[]): void {
    const previous = this.#tasks;
    this.#tasks = rows.map((row) => previous.find(({ id }) => id === row.taskId) ?? this.#toTask(row));
    for (const task of previous) {
      if (this.#tasks.some(({ id }) => id === task.id)) continue;
      const { status, summary } = this.#reports.get(task.id) ?? { status: '', summary: '' };
      this.#reports.delete(task.id);
      this.#progress.delete(task.id);
      // Without a report of success a task counts as killed.
      const hasReport = status === 'completed' || status === 'failed';
      this.#events.onEnd(task, hasReport ? status : 'killed', summary);
    }
    this.#events.onChange(this.#tasks);
  }

  #toTask({ taskId, kind, description }: TaskRow): BackgroundTask {
    const since = this.#events.now().toISOString();
    return { id: taskId, kind, description: description.slice(0, 500), since };
  }
}
