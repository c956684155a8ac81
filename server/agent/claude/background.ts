import type { BackgroundTask } from '../../../contract/conversation.ts';
import { asText } from '../../transcript/plain-value.ts';
import type { Line } from './decoder.ts';

type Ended = (task: BackgroundTask, status: 'completed' | 'failed' | 'killed', summary: string) => void;
type ToldTask = { task_id?: unknown; task_type?: unknown; description?: unknown };

/** The shells and sub-agents that a process runs in the background, from what it says of them. */
export function createBackground(deps: {
  now(): Date;
  changed(tasks: readonly BackgroundTask[]): void;
  ended: Ended;
}) {
  let tasks: BackgroundTask[] = [];
  const told = new Map<string, { status: string; summary: string }>();
  /** What a sub-agent was last said to be doing. */
  const progress = new Map<string, string>();

  function replace(next: BackgroundTask[]): void {
    const gone = tasks.filter(({ id }) => !next.some((task) => task.id === id));
    tasks = next;
    for (const task of gone) {
      const { status = '', summary = '' } = told.get(task.id) ?? {};
      told.delete(task.id);
      progress.delete(task.id);
      // Whatever was not said to have ended well did not.
      deps.ended(task, status === 'completed' || status === 'failed' ? status : 'killed', summary);
    }
    deps.changed(tasks);
  }

  return {
    take(line: Line): void {
      if (line.subtype === 'task_progress') {
        progress.set(asText(line['task_id']), asText(line['description']));
      } else if (line.subtype === 'task_notification') {
        told.set(asText(line['task_id']), {
          status: asText(line['status']),
          summary: asText(line['summary']),
        });
      } else if (line.subtype === 'background_tasks_changed' && Array.isArray(line['tasks'])) {
        replace(
          (line['tasks'] as ToldTask[]).map(
            (task) => tasks.find(({ id }) => id === asText(task.task_id)) ?? toTask(task, deps.now()),
          ),
        );
      }
    },
    /** The process is gone, and with it all that it ran. */
    end: (): void => {
      if (tasks.length) replace([]);
    },
    tasks: (): readonly BackgroundTask[] => tasks,
    progress: (): ReadonlyMap<string, string> => progress,
  };
}

function toTask({ task_id, task_type, description }: ToldTask, now: Date): BackgroundTask {
  const kind = /bash|shell/.test(asText(task_type))
    ? 'shell'
    : /agent|workflow/.test(asText(task_type))
      ? 'agent'
      : 'other';
  return {
    id: asText(task_id),
    kind,
    description: asText(description).slice(0, 500),
    since: now.toISOString(),
  };
}
