import { expect } from 'vitest';
import type { StoredEvent } from '../../contract/event.ts';
import { noticeOf } from '../../server/push/notice.ts';
import { whyNot } from '../../server/push/policy.ts';
import { isQuiet } from '../../server/push/quiet-hours.ts';
import { isPrivateAddress } from '../../server/push/safe-post.ts';
import { verifies } from '../requirement/verifies.ts';

verifies('push.policy', 'keeps quiet by the clock of the person, over midnight too', () => {
  const night = { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin' };
  const at = (time: string) => new Date(`2026-01-10T${time}:00Z`);
  expect([at('20:59'), at('21:00'), at('23:30'), at('05:59'), at('06:00')].map((time) => isQuiet(night, time))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect(isQuiet({ from: '12:00', to: '13:00', time_zone: 'UTC' }, at('12:30'))).toBe(true);
  expect(isQuiet({ from: '12:00', to: '12:00', time_zone: 'UTC' }, at('12:00'))).toBe(false);
  expect(isQuiet(null, at('23:00'))).toBe(false);
});

verifies('push.policy', 'gives the first reason for which a notice is not sent', () => {
  const notice = { kind: 'finished' as const, event_id: 5 };
  const how = {
    settings: { kinds: ['finished' as const], quiet: null, again_after_min: null },
    conversation: null,
    seenEvent: 4,
    isStillWanted: true,
    now: new Date(),
  };
  expect(whyNot(notice, how)).toBeNull();
  expect(whyNot(notice, { ...how, seenEvent: 5 })).toContain('visible page');
  expect(whyNot(notice, { ...how, conversation: [] })).toContain('this conversation');
  expect(whyNot({ ...notice, kind: 'failed' }, how)).toContain('settings');
  expect(whyNot({ ...notice, kind: 'failed' }, { ...how, conversation: ['failed'] })).toBeNull();
});

verifies('push.policy', 'tells of few events, in one short line', () => {
  const event = (more: object) => ({ id: 1, conv_id: 'c', turn_id: 't', at: '', ...more }) as unknown as StoredEvent;
  expect(noticeOf(event({ type: 'turn.completed', response: 'a\n\nb  c'.repeat(200) }))?.what).toMatch(/^a b ca b c.{200,230}…$/);
  expect(noticeOf(event({ type: 'turn.cancelled' }))).toBeNull();
  expect(noticeOf(event({ type: 'text.delta', text: 'x' }))).toBeNull();
  expect(noticeOf(event({ type: 'turn.failed', title: 'No', detail: 'No' }))).toMatchObject({ kind: 'failed', what: 'No.' });
});

verifies('push.channels', 'knows the addresses of private networks', () => {
  for (const address of [
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '127.0.0.1',
    '0.0.0.0',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::a00:1',
  ])
    expect(isPrivateAddress(address), address).toBe(true);
  for (const address of ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111']) expect(isPrivateAddress(address), address).toBe(false);
});
