import { createECDH } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, onTestFinished } from 'vitest';
import webPush from 'web-push';
import { formatPrompt } from '../../../../cli/prompt-lines.ts';
import type { StoredEvent } from '../../../../contract/event.ts';
import type { Prompt } from '../../../../contract/prompt.ts';
import type { PushMessage } from '../../../../contract/push.ts';
import { fitsNotice, noticeOf, summarizePrompt } from '../../../../server/push/notification.ts';
import { createNtfy } from '../../../../server/push/ntfy.ts';
import { suppressionReason } from '../../../../server/push/policy.ts';
import type { StoredDevice } from '../../../../server/push/port.ts';
import { isQuiet } from '../../../../server/push/quiet-hours.ts';
import { createSafePost, isPrivateAddress } from '../../../../server/push/safe-post.ts';
import { createWebPush } from '../../../../server/push/web-push.ts';
import { createWebhook } from '../../../../server/push/webhook.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies(
  'push.addresses',
  'refuses every address that is not global unicast, every own one, and names that mean this machine',
  async () => {
    const post = createSafePost({ allowPrivate: false, publicUrl: () => 'https://phone.ngrok.example' });
    const own = Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address, family }) => (family === 'IPv6' ? `[${address}]` : address)),
    );
    const hosts = [
      ...own,
      ...[
        '127.0.0.1',
        '127.1',
        '2130706433',
        '0x7f000001',
        '0177.0.0.1',
        '127.0.0.1.',
        '0.0.0.0',
        '0',
        '10.1.2.3',
        '100.64.0.1',
      ],
      ...[
        '169.254.169.254',
        '172.16.0.1',
        '192.0.0.1',
        '192.0.2.1',
        '192.168.1.1',
        '198.18.0.1',
        '198.51.100.1',
        '203.0.113.1',
      ],
      ...['224.0.0.1', '240.0.0.1', '255.255.255.255', '192.88.99.1'],
      ...[
        '[::]',
        '[::1]',
        '[::127.0.0.1]',
        '[::7f00:1]',
        '[::ffff:127.0.0.1]',
        '[::ffff:7f00:1]',
        '[::ffff:0:127.0.0.1]',
      ],
      ...[
        '[64:ff9b::7f00:1]',
        '[64:ff9b:1::7f00:1]',
        '[100::1]',
        '[2001::1]',
        '[2001:0:4136:e378:8000:63bf:3fff:fdd2]',
        '[2001:2::1]',
      ],
      ...[
        '[2001:10::1]',
        '[2001:20::1]',
        '[2001:db8::1]',
        '[2002:7f00:1::]',
        '[2002:0a00:1::]',
        '[3fff::1]',
        '[5f00::1]',
        '[4000::1]',
      ],
      ...['[fc00::1]', '[fd00::1]', '[fe80::1]', '[fec0::1]', '[ff02::1]'],
      ...[
        'localhost',
        'localhost.',
        'LOCALHOST',
        'a.localhost',
        'a.localhost.',
        'phone.ngrok.example',
        'PHONE.ngrok.example.',
      ],
    ].filter((host) => !host.includes('%'));
    for (const host of hosts) {
      for (const call of [
        () => post.check(`http://${host}/x`),
        () => post(`http://${host}:1/x`, { headers: {}, body: '' }),
      ]) {
        await expect(call(), host).rejects.toMatchObject({ code: 'address_not_allowed' });
      }
    }
    for (const address of ['fe80::1%eth0', '2606:4700::1111%lo', 'not an address', ''])
      expect(isPrivateAddress(address), address).toBe(true);
    for (const host of ['1.1.1.1', '[2606:4700::1111]', '198.20.0.1', '[2a00::1]'])
      await post.check(`https://${host}/x`);
  },
);

verifies(
  'push.addresses',
  'connects to no private address of a name that had a public one when it was checked',
  async () => {
    const service = createServer((_, response) => {
      reached += 1;
      response.end();
    });
    let reached = 0;
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void service.close());
    const { port } = service.address() as AddressInfo;
    const device = (url: string, secret: object) => ({ url, secret }) as StoredDevice;
    const keys = createECDH('prime256v1');
    keys.generateKeys();
    const vapid = webPush.generateVAPIDKeys();
    const message = { kind: 'test', conv_id: 'c', notice_id: 'n', at: '', title: 't' } as PushMessage;
    const ownUrl = () => 'https://phone.example';
    for (const [name, scheme] of ['webhook', 'ntfy', 'web'].flatMap((one) => [
      [one, 'http'],
      [one, 'https'],
    ])) {
      const answers = ['1.1.1.1', '127.0.0.1'];
      const asked: string[] = [];
      const post = createSafePost({
        allowPrivate: false,
        publicUrl: ownUrl,
        lookUp(host, _, done) {
          asked.push(host);
          done(null, [{ address: answers[asked.length - 1] ?? '127.0.0.1', family: 4 }]);
        },
      });
      const channel = {
        webhook: createWebhook({ post, publicUrl: ownUrl, now: () => new Date() }),
        ntfy: createNtfy({ post, publicUrl: ownUrl }),
        web: createWebPush({ post, publicUrl: ownUrl, vapid: async () => vapid as never }),
      }[name as 'web'];
      const secret = {
        secret: Buffer.alloc(24).toString('base64'),
        p256dh: keys.getPublicKey('base64url'),
        auth: Buffer.alloc(16).toString('base64url'),
      };
      const sending = channel.send(device(`${scheme}://rebind.example:${port}/topic`, secret), message);
      await expect(sending, `${name} ${scheme}`).rejects.toMatchObject({ code: 'address_not_allowed' });
      expect(asked, `${name} ${scheme}`).toEqual(['rebind.example', 'rebind.example']);
    }
    expect(reached).toBe(0);
  },
);

verifies('push.policy', 'keeps quiet by the clock of the person, over midnight too', () => {
  const night = { from: '22:00', to: '07:00', time_zone: 'Europe/Berlin' };
  const at = (time: string) => new Date(`2026-01-10T${time}:00Z`);
  expect(
    [at('20:59'), at('21:00'), at('23:30'), at('05:59'), at('06:00')].map((time) => isQuiet(night, time)),
  ).toEqual([false, true, true, true, false]);
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
  expect(suppressionReason(notice, how)).toBeNull();
  expect(suppressionReason(notice, { ...how, seenEvent: 5 })).toContain('visible page');
  expect(suppressionReason(notice, { ...how, conversation: [] })).toContain('this conversation');
  expect(suppressionReason({ ...notice, kind: 'failed' }, how)).toContain('settings');
  expect(suppressionReason({ ...notice, kind: 'failed' }, { ...how, conversation: ['failed'] })).toBeNull();
});

verifies('push.policy', 'notifies about few events, in one short line', () => {
  const event = (more: object) =>
    ({ id: 1, conv_id: 'c', turn_id: 't', at: '', ...more }) as unknown as StoredEvent;
  expect(noticeOf(event({ type: 'turn.completed', response: 'a\n\nb  c'.repeat(200) }))?.what).toMatch(
    /^a b ca b c.{200,230}…$/,
  );
  expect(noticeOf(event({ type: 'turn.cancelled' }))).toBeNull();
  expect(noticeOf(event({ type: 'text.delta', text: 'x' }))).toBeNull();
  expect(noticeOf(event({ type: 'turn.failed', title: 'No', detail: 'No' }))).toMatchObject({
    kind: 'failed',
    what: 'No.',
  });
});

verifies(
  'prompt.shown',
  'offers Allow in a notification only if it shows the whole input and there is no risk',
  () => {
    const prompt = (tool: string, input: Record<string, unknown>, more: Partial<Prompt> = {}): Prompt => ({
      ...{
        id: 'p',
        kind: 'permission',
        conv_id: 'c',
        turn_id: 't',
        tool,
        input,
        reason: null,
        risks: [],
        project: '/p',
      },
      ...{ parent_tool_id: null, opened_at: '', ...more },
    });
    const short = prompt('Bash', { command: 'npm test', description: 'runs the tests' });
    expect([fitsNotice(short), summarizePrompt(short)]).toEqual([true, 'npm test']);
    const named = prompt('Write', { file_path: '/p/a', content: 'x' });
    expect([fitsNotice(named), summarizePrompt(named)]).toEqual([true, 'file_path: /p/a, content: x']);
    expect(summarizePrompt(prompt('mcp__m__x', { confirm_delete_all: true }))).toBe(
      'confirm_delete_all: true',
    );
    expect(
      summarizePrompt(
        prompt('AskUserQuestion', { questions: [null, { question: 'Why?' }] }, { kind: 'question' }),
      ),
    ).toContain('Why?');
    expect(summarizePrompt(prompt('AskUserQuestion', { questions: 'Why?' }, { kind: 'question' }))).toBe('');
    const others = [
      prompt('Bash', { command: `npm test ${'x'.repeat(200)}` }),
      prompt('Bash', { command: 'npm test\nrm x' }),
      prompt('Bash', { command: `npm test${' '.repeat(60)}; rm x` }),
      prompt('Bash', { command: 'npm\u200b test' }),
      prompt('Bash', { command: "touch 'a   b'" }),
      prompt('Bash', { command: ' ls' }),
      prompt('mcp__m__x', { path: 'a, dry_run: true' }),
      prompt('mcp__m__x', { 'path: a, mode': 'x' }),
      prompt('Bash', { command: 'rm x' }, { risks: ['It deletes.'] }),
      prompt('Write', { file_path: '/p/a', content: 'x'.repeat(200) }),
      prompt('mcp__m__x', { ['k\u202e']: 1 }),
      prompt('ExitPlanMode', { plan: 'x' }, { kind: 'plan' }),
    ];
    for (const one of others) expect(fitsNotice(one), JSON.stringify(one.input)).toBe(false);
    expect(summarizePrompt(prompt('Bash', { command: 'a\u202eb', dangerouslyDisableSandbox: true }))).toBe(
      'command: a⟨U+202E⟩b, dangerouslyDisableSandbox: true',
    );
  },
);

verifies(
  'prompt.shown',
  'prints every field of what is asked for the command, with marks, a bar before each line and the risks',
  () => {
    const prompt: Prompt = {
      ...{
        id: 'p',
        kind: 'permission',
        conv_id: 'c',
        turn_id: 't',
        tool: 'mcp__m__x',
        reason: 'why',
        risks: ['It is odd.'],
        project: '/p',
      },
      input: { path: 'a', content: 'one\ntwo\u001b[2J', flags: { deep: [false, null, ''] }, edits: [] },
      ...{ parent_tool_id: null, opened_at: new Date().toISOString() },
    };
    expect(formatPrompt(prompt)).toEqual([
      expect.stringMatching(/^p {2}\S.* {2}c {2}permission {2}mcp__m__x$/),
      '    path: a',
      ...['    content:', '      | one', '      | two⟨U+001B⟩[2J'],
      ...[
        '    flags:',
        '      deep:',
        '        1: false',
        '        2: null',
        '        3: ""',
        '    edits: []',
      ],
      '    (why)',
      '  ! It is odd.',
    ]);
    const forged = formatPrompt({ ...prompt, input: { 'a\nid2  1m  c  permission  Bash  ls': 1 } });
    expect(forged[1]).toBe('    a⟨U+000A⟩id2  1m  c  permission  Bash  ls: 1');
    const long = formatPrompt({
      ...prompt,
      tool: 'Bash',
      input: { command: `npm test${'\n'.repeat(60)}touch EVIL` },
    });
    expect(long[1]).toBe('    command: (61 lines)');
    expect(long).toContain('      | touch EVIL');
  },
);

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
  for (const address of ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])
    expect(isPrivateAddress(address), address).toBe(false);
});
