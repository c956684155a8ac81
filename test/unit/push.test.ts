import { expect } from 'vitest';
import { promptLines } from '../../cli/prompt-lines.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { Prompt } from '../../contract/prompt.ts';
import { askedBy, fitsNotice, noticeOf } from '../../server/push/notice.ts';
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

verifies('prompt.shown', 'lets a notice allow only what stands in it whole, and what no risk speaks against', () => {
  const prompt = (tool: string, input: Record<string, unknown>, more: Partial<Prompt> = {}): Prompt => ({
    ...{ id: 'p', kind: 'permission', conv_id: 'c', turn_id: 't', tool, input, reason: null, risks: [], project: '/p' },
    ...{ parent_tool_id: null, opened_at: '', ...more },
  });
  const short = prompt('Bash', { command: 'npm test', description: 'runs the tests' });
  expect([fitsNotice(short), askedBy(short)]).toEqual([true, 'npm test']);
  const named = prompt('Write', { file_path: '/p/a', content: 'x' });
  expect([fitsNotice(named), askedBy(named)]).toEqual([true, 'file_path: /p/a, content: x']);
  const others = [
    prompt('Bash', { command: `npm test ${'x'.repeat(200)}` }),
    prompt('Bash', { command: 'npm test\nrm x' }),
    prompt('Bash', { command: `npm test${' '.repeat(60)}; rm x` }),
    prompt('Bash', { command: 'npm\u200b test' }),
    prompt('Bash', { command: 'rm x' }, { risks: ['It deletes.'] }),
    prompt('Write', { file_path: '/p/a', content: 'x'.repeat(200) }),
    prompt('mcp__m__x', { ['k\u202e']: 1 }),
    prompt('ExitPlanMode', { plan: 'x' }, { kind: 'plan' }),
  ];
  for (const one of others) expect(fitsNotice(one), JSON.stringify(one.input)).toBe(false);
  expect(askedBy(prompt('Bash', { command: 'a\u202eb', dangerouslyDisableSandbox: true }))).toBe(
    'command: a⟨U+202E⟩b, dangerouslyDisableSandbox: true',
  );
});

verifies('prompt.shown', 'prints every field of what is asked for the command, with marks, a bar before each line and the risks', () => {
  const prompt: Prompt = {
    ...{ id: 'p', kind: 'permission', conv_id: 'c', turn_id: 't', tool: 'mcp__m__x', reason: 'why', risks: ['It is odd.'], project: '/p' },
    input: { path: 'a', content: 'one\ntwo\u001b[2J', flags: { deep: [false, null, ''] }, edits: [] },
    ...{ parent_tool_id: null, opened_at: new Date().toISOString() },
  };
  expect(promptLines(prompt)).toEqual([
    expect.stringMatching(/^p {2}\S.* {2}c {2}permission {2}mcp__m__x$/),
    '    path: a',
    ...['    content:', '      | one', '      | two⟨U+001B⟩[2J'],
    ...['    flags:', '      deep:', '        1: false', '        2: null', '        3: ""', '    edits: []'],
    '    (why)',
    '  ! It is odd.',
  ]);
  const long = promptLines({ ...prompt, tool: 'Bash', input: { command: `npm test${'\n'.repeat(60)}touch EVIL` } });
  expect(long[1]).toBe('    command: (61 lines)');
  expect(long).toContain('      | touch EVIL');
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
