import type { MessagePart } from '../../../contract/message.ts';
import { inputOf } from './tool-line.ts';

export type Task = { id: string; subject: string; state: 'pending' | 'in_progress' | 'completed' };

const stateOf = (value: unknown): Task['state'] =>
  value === 'completed' || value === 'in_progress' ? value : 'pending';

/**
 * The list of tasks that the agent keeps, by its calls: TodoWrite gives the whole list each time,
 * TaskCreate and TaskUpdate change it. Some versions have none of these tools; then it is empty.
 */
export function taskListOf(parts: readonly MessagePart[]): Task[] {
  let tasks: Task[] = [];
  for (const part of parts) {
    if (part.type !== 'tool' || part.is_error) continue;
    const input = inputOf(part);
    if (part.name === 'TodoWrite' && Array.isArray(input['todos'])) {
      tasks = input['todos'].map((todo, index) => ({
        id: `${index}`,
        subject: String(todo?.content ?? ''),
        state: stateOf(todo?.status),
      }));
    } else if (part.name === 'TaskCreate') {
      // Its result names the number that later calls use.
      const id = /#(\d+)/.exec(part.output ?? '')?.[1] ?? `${tasks.length + 1}`;
      tasks = [
        ...tasks.filter((task) => task.id !== id),
        { id, subject: String(input['subject'] ?? ''), state: 'pending' },
      ];
    } else if (part.name === 'TaskUpdate') {
      const id = String(input['taskId'] ?? '');
      if (input['status'] === 'deleted') tasks = tasks.filter((task) => task.id !== id);
      else
        tasks = tasks.map((task) =>
          task.id === id
            ? {
                ...task,
                subject: String(input['subject'] ?? task.subject),
                state: input['status'] ? stateOf(input['status']) : task.state,
              }
            : task,
        );
    }
  }
  return tasks;
}
