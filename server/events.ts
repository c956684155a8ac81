import { EventEmitter } from 'node:events';

/**
 * What one part of the server reports to others that it does not know. Listeners are called at once, in
 * order.
 */
export type ServerEvents = {
  /** /clear in a terminal began another session, which the conversation of the earlier one follows. */
  'session.cleared': [from: string, to: string];
  /** A person accepted a plan: its conversation works in this permission mode from now on. */
  'plan.accepted': [convId: string, permissionMode: string];
};

export class ServerEventBus extends EventEmitter<ServerEvents> {}
