import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { runCli } from '../helper/cli.ts';
import { password, username } from '../helper/client.ts';
import { startTestApi } from '../helper/server.ts';
import { startServerProcess } from '../helper/server-process.ts';
import { createWorkspace, serverEnv, type Workspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

const nobody = 65534;

/**
 * A separate file system as the agent's home. Returns false, and logs it, if the machine does not allow that.
 */
function mountHome({ home }: Workspace): boolean {
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', home]).status !== 0) {
    process.stderr.write(
      'mount is not allowed here (it needs root): the test of a full home folder did not run\n',
    );
    expect(process.getuid?.()).not.toBe(0);
    return false;
  }
  onTestFinished(() => void spawnSync('umount', ['-l', home]));
  return true;
}

const fill = (home: string) => spawnSync('dd', ['if=/dev/zero', `of=${join(home, 'filler')}`, 'bs=4k']);
const remount = (home: string, how: 'ro' | 'rw') =>
  expect(spawnSync('mount', ['-o', `remount,${how}`, home]).status).toBe(0);
const lost = [{ code: 'transcript_lost', detail: expect.stringContaining('could not keep its transcript') }];

/** Where the transcript of a session is. */
async function transcriptOf({ home }: Workspace, sessionId: string): Promise<string> {
  const projects = join(home, '.claude', 'projects');
  const found = (await readdir(projects, { recursive: true })).find((name) =>
    name.endsWith(`${sessionId}.jsonl`),
  );
  return join(projects, found ?? 'none');
}

verifies(
  'agent.kept',
  'reports that a full home folder kept nothing of a turn, and continues with the rest',
  async () => {
    const workspace = await createWorkspace();
    if (!mountHome(workspace)) return;
    const api = await startTestApi();
    const server = await startServerProcess(workspace, serverEnv(workspace, api));
    const fine = await server.chat({ message: 'fine', conv_id: 'old' });
    expect(fine).toMatchObject({ response: 'Echo: fine' });
    expect(fine).not.toHaveProperty('warnings');

    fill(workspace.home);
    const first = await server.chat({ message: 'first', conv_id: 'new' });
    expect(first).toMatchObject({ response: 'Echo: first', warnings: lost });
    expect((await server.get(`/api/turns/${first.turn_id}`)).result).toMatchObject({ warnings: lost });
    // A session that has a transcript loses only its end.
    expect(await server.chat({ message: 'end lost', conv_id: 'old' })).toMatchObject({
      response: 'Echo: end lost',
      warnings: lost,
    });
    const next = await server.chat({ message: 'next', conv_id: 'new' });
    expect(next).toMatchObject({ response: 'Echo: next', warnings: expect.arrayContaining(lost) });
    const env = { SWITCHBOARD_URL: server.url, SWITCHBOARD_AUTH: `${username}:${password}` };
    const asked = await runCli(workspace, ['ask', 'from-shell', 'hello'], { env });
    expect(asked).toMatchObject({
      code: 0,
      out: 'Echo: hello\n',
      words: expect.stringContaining('Warning: The agent could not keep'),
    });
    // A live process says it as well.
    await server.post('/api/conversations', { id: 'live', permission_mode: 'default' });
    expect(await server.chat({ message: 'live', conv_id: 'live' })).toMatchObject({
      response: 'Echo: live',
      warnings: lost,
    });
    const again = await server.chat({ message: 'live again', conv_id: 'live' });
    expect(again).toMatchObject({ response: 'Echo: live again' });

    await rm(join(workspace.home, 'filler'));
    const after = await server.chat({ message: 'after', conv_id: 'new' });
    expect(after).toMatchObject({ response: 'Echo: after' });
    const kept = await server.chat({ message: 'old after', conv_id: 'old' });
    expect(kept).toMatchObject({ response: 'Echo: old after', session_id: fine.session_id });
    expect(kept).not.toHaveProperty('warnings');
    const last = await server.chat({ message: 'last', conv_id: 'new' });
    expect(last).toMatchObject({ response: 'Echo: last', session_id: after.session_id });
    expect(last).not.toHaveProperty('warnings');
  },
  240_000,
);

verifies(
  'agent.kept',
  'reports a read-only home folder, and continues with truncated or empty transcripts',
  async () => {
    const workspace = await createWorkspace();
    if (!mountHome(workspace)) return;
    const api = await startTestApi();
    const server = await startServerProcess(workspace, serverEnv(workspace, api));
    const { session_id } = await server.chat({ message: 'hello', conv_id: 'a' });
    remount(workspace.home, 'ro');
    expect(await server.chat({ message: 'read-only', conv_id: 'a' })).toMatchObject({
      response: 'Echo: read-only',
      warnings: lost,
    });
    remount(workspace.home, 'rw');
    const file = await transcriptOf(workspace, session_id);
    const whole = await readFile(file, 'utf8');
    // Half of the last answer.
    const answer = whole.lastIndexOf('"type":"assistant"');
    await writeFile(file, whole.slice(0, answer));
    expect(await server.chat({ message: 'cut', conv_id: 'a' })).toMatchObject({
      response: 'Echo: cut',
      session_id,
    });
    await writeFile(file, '');
    const anew = await server.chat({ message: 'emptied', conv_id: 'a' });
    expect(anew).toMatchObject({
      response: 'Echo: emptied',
      warnings: [{ code: 'session_restarted', detail: expect.stringContaining(session_id) }],
    });
    expect(anew.session_id).not.toBe(session_id);
    expect(await server.chat({ message: 'on', conv_id: 'a' })).toMatchObject({
      response: 'Echo: on',
      session_id: anew.session_id,
    });
  },
  240_000,
);

verifies(
  'agent.kept',
  'starts no new session for a transcript that belongs to another user, and reports the fix',
  async () => {
    const isRoot = process.getuid?.() === 0;
    const as = isRoot ? { uid: nobody } : {};
    const workspace = await createWorkspace();
    const api = await startTestApi();
    if (isRoot)
      for (const path of [workspace.root, ...(await filesIn(workspace.root))])
        chownSync(path, nobody, nobody);
    const server = await startServerProcess(
      workspace,
      serverEnv(workspace, api, { LIVE_PROCESSES: '0' }),
      undefined,
      as,
    );
    const { session_id } = await server.chat({ message: 'hello', conv_id: 'a' });
    const file = await transcriptOf(workspace, session_id);
    chmodSync(file, isRoot ? 0o600 : 0o000);
    if (isRoot) chownSync(file, 0, 0);
    const history = await server.send('/api/conversations/a/messages');
    expect([history.status, (await history.json()).detail]).toEqual([503, expect.stringContaining(file)]);
    const refused = await server.chat({ message: 'refused', conv_id: 'a' });
    expect(refused).toMatchObject({
      code: 'transcript_unreadable',
      detail: expect.stringMatching(isRoot ? /sudo chown/ : /chmod u\+rw/),
    });
    if (isRoot) chownSync(file, nobody, nobody);
    chmodSync(file, 0o600);
    expect(await server.chat({ message: 'next', conv_id: 'a' })).toMatchObject({
      response: 'Echo: next',
      session_id,
    });
  },
);

const filesIn = async (path: string) =>
  (await readdir(path, { recursive: true })).map((name) => join(path, name));
