import { expect } from 'vitest';
import { turnOptionNames } from '../../../../../contract/conversation-options.ts';
import {
  canSteer,
  type RunDefaults,
  toAdjustments,
  toEffectiveOptions,
  toLaunchOptions,
} from '../../../../../server/conversation/turn/launch-options.ts';
import { verifies } from '../../../../requirement/verifies.ts';

const defaults: RunDefaults = {
  permissionMode: 'acceptEdits',
  allowedTools: 'Bash(git:*)',
  model: 'opus',
  extraArgs: ['--verbose'],
  timeoutS: 60,
};

verifies(
  'agent.options',
  "runs with the turn's own options, then the conversation's, then the server's",
  () => {
    const launch = toLaunchOptions({
      options: { model: 'sonnet', permission_mode: 'plan', extra_args: ['--x'] },
      own: { model: 'haiku' },
      defaults,
    });
    expect(launch).toEqual({
      model: 'haiku',
      effort: null,
      permissionMode: 'plan',
      allowedTools: 'Bash(git:*)',
      extraArgs: ['--verbose', '--x'],
    });
    expect(toEffectiveOptions({ model: null }, defaults)).toEqual({
      model: 'opus',
      effort: null,
      permission_mode: 'acceptEdits',
    });
  },
);

verifies('live.settings', 'gives a running process the changed options that it can take', () => {
  const options = { model: 'sonnet', allowed_tools: 'Read' };
  const from = { options, own: {}, defaults };
  expect(toAdjustments(from, ['model', 'allowed_tools', 'title', 'permission_mode'])).toEqual({
    model: 'sonnet',
    permissionMode: 'acceptEdits',
  });
  expect(toAdjustments({ ...from, own: { model: 'haiku' } }, ['model'])).toEqual({});
});

verifies('agent.options', 'steers only with a message that brings no options of its own', () => {
  expect(canSteer({ steer: true })).toBe(true);
  expect(canSteer({})).toBe(false);
  expect(canSteer({ steer: true, json_schema: {} })).toBe(false);
  for (const name of turnOptionNames)
    expect([name, canSteer({ steer: true, [name]: 'x' })]).toEqual([name, false]);
});
