import { asText, figure } from '../../../transcript/plain-value.ts';
import type { Launch } from '../../port.ts';
import type { Channel } from './channel.ts';

export type LiveSettings = Pick<Launch, 'permissionMode' | 'model' | 'effort'>;

/** The control requests of the CLI that we use, with their answers as values. */
export class ControlCommands {
  readonly #channel: Pick<Channel, 'request'>;

  constructor(channel: Pick<Channel, 'request'>) {
    this.#channel = channel;
  }

  async interrupt(): Promise<void> {
    await this.#channel.request('interrupt');
  }

  /** Withdraws a message that was not begun. False if the process works on it. */
  async cancelMessage(messageId: string): Promise<boolean> {
    const { cancelled } = await this.#channel.request('cancel_async_message', { message_uuid: messageId });
    return Boolean(cancelled);
  }

  /** The cost (USD) that the process has counted so far. */
  async getTotalCost(): Promise<number> {
    const { session } = await this.#channel.request('get_usage', { skip_behaviors: true });
    return figure((session as { total_cost_usd?: unknown } | null | undefined)?.total_cost_usd);
  }

  async getTaskOutput(taskId: string): Promise<string> {
    const { output } = await this.#channel.request('get_task_output', { task_id: taskId });
    return asText(output);
  }

  async stopTask(taskId: string): Promise<void> {
    await this.#channel.request('stop_task', { task_id: taskId });
  }

  async setPermissionMode(mode: string): Promise<void> {
    await this.#channel.request('set_permission_mode', { mode });
  }

  /** Null: the default model. */
  async setModel(model: string | null): Promise<void> {
    await this.#channel.request('set_model', model === null ? {} : { model });
  }

  async setEffort(effort: string | null): Promise<void> {
    await this.#channel.request('apply_flag_settings', { settings: { effortLevel: effort } });
  }
}
