import type { Route } from './route-row.ts';
import { acceptErrors } from './turn-errors.ts';

/** The routes of turns; see `routes`. */
export const turnRoutes = {
  acceptTurn: {
    method: 'POST',
    path: '/api/conversations/:id/turns',
    tag: 'turns',
    summary: 'Accept a message and return at once; it is on disk when this answers',
    status: 202,
    takesFiles: true,
    takesKey: true,
    errors: acceptErrors,
  },
  readTurn: {
    method: 'GET',
    path: '/api/turns/:id',
    tag: 'turns',
    summary:
      'The state and result of a turn, waiting up to `wait_s` for its end, or until it waits for a person',
    errors: ['turn_not_found'],
  },
  changeTurn: {
    method: 'PATCH',
    path: '/api/turns/:id',
    tag: 'turns',
    summary: 'Change a message that still waits in the queue',
    errors: [
      'turn_not_found',
      'turn_not_queued',
      'message_too_large',
      'command_refused',
      'attachment_refused',
      'attachment_too_large',
    ],
  },
  deleteTurn: {
    method: 'DELETE',
    path: '/api/turns/:id',
    tag: 'turns',
    summary: 'Take a message back that still waits in the queue',
    errors: ['turn_not_found', 'turn_not_queued'],
  },
  promoteTurn: {
    method: 'POST',
    path: '/api/turns/:id/promote',
    tag: 'turns',
    summary: 'Put a message first in the queue of its conversation',
    errors: ['turn_not_found', 'turn_not_queued'],
  },
  readChanges: {
    method: 'GET',
    path: '/api/turns/:id/changes',
    tag: 'turns',
    summary: 'What a turn changed in its git work tree: files and diff',
    errors: ['turn_not_found', 'nothing_to_undo'],
  },
  undoTurn: {
    method: 'POST',
    path: '/api/turns/:id/undo',
    tag: 'turns',
    summary:
      'Put all or some files back to before a turn; `redo` takes that back. Branch, index and stash stay as they are',
    errors: ['turn_not_found', 'conversation_busy', 'nothing_to_undo', 'files_changed', 'undo_incomplete'],
  },
  cancelTurn: {
    method: 'POST',
    path: '/api/turns/:id/cancel',
    tag: 'turns',
    summary: 'Stop a running turn or remove a queued one; an ended one is answered as it is',
    errors: ['turn_not_found'],
  },
} as const satisfies Record<string, Route>;
