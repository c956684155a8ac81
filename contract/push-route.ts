import type { Route } from './route-row.ts';

/** The routes of notifications; see `routes`. */
export const pushRoutes = {
  readPush: {
    method: 'GET',
    path: '/api/push',
    tag: 'push',
    summary: 'The devices, the settings, and the outcome of the newest notifications',
    errors: [],
  },
  changePush: {
    method: 'PATCH',
    path: '/api/push',
    tag: 'push',
    summary: 'Change what causes notifications, and when',
    errors: [],
  },
  addDevice: {
    method: 'POST',
    path: '/api/push/devices',
    tag: 'push',
    summary: 'Tell a browser, an ntfy topic or a webhook; the secret of a webhook is shown this once',
    status: 201,
    errors: ['address_not_allowed'],
  },
  removeDevice: {
    method: 'DELETE',
    path: '/api/push/devices/:id',
    tag: 'push',
    summary: 'Tell a device no more',
    errors: ['device_not_found'],
  },
  testDevice: {
    method: 'POST',
    path: '/api/push/devices/:id/test',
    tag: 'push',
    summary: 'Send a device a test, and say how far it came',
    errors: ['device_not_found'],
  },
  reportPush: {
    method: 'POST',
    path: '/api/push/receipts',
    tag: 'push',
    summary: 'What a device did with a notice',
    errors: [],
  },
  reportSeen: {
    method: 'POST',
    path: '/api/push/seen',
    tag: 'push',
    summary: 'What a visible page has just shown: no push is sent for it',
    errors: [],
  },
  pressAction: {
    method: 'POST',
    path: '/api/push/actions/:token',
    tag: 'push',
    open: true,
    summary: 'A button of a notification: answers the one prompt that its token is for, once',
    errors: ['action_not_found', 'prompt_not_found', 'prompt_answered', 'prompt_changed', 'prompt_withdrawn'],
  },
} as const satisfies Record<string, Route>;
