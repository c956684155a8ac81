import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { Descendants } from '../../server/agent/descendants.ts';
import { writeFakeClaude } from '../helper/fake-claude.ts';
import { startClaudeServer } from '../helper/server.ts';
import { until } from '../helper/until.ts';
import { createWorkspace } from '../helper/workspace.ts';
import { verifies } from '../requirement/verifies.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

verifies(
  'turn.cancel',
  'ends what a run started and left, whatever its exit code, also without mark and group',
  async () => {
    const workspace = await createWorkspace();
    const [pids, go] = ['pids', 'go'].map((name) => join(workspace.root, name)) as [string, string];
    const own = 'setsid sh -c "echo \\$\\$ >> PIDS; exec sleep 300" >/dev/null 2>&1 &';
    const bare = 'env -i PATH="$PATH" setsid sh -c "echo \\$\\$ >> PIDS; exec sleep 300" >/dev/null 2>&1 &';
    const start = `${own}\n${bare}\n`.replaceAll('PIDS', pids);
    const bin = await writeFakeClaude(
      workspace,
      `message=$(cat)\n${start}while [ ! -e ${go} ]; do sleep 0.05; done
     case "$message" in hang) sleep 300 ;; silent) exit 0 ;; esac`,
    );
    const server = await startClaudeServer({ workspace, env: { CLAUDE_BIN: bin, LIVE_PROCESSES: '0' } });
    const started = async () => {
      const found = (await readFile(pids, 'utf8').catch(() => '')).split('\n').filter(Boolean).map(Number);
      return found.length === 2 && found;
    };
    const look = vi.spyOn(Descendants.prototype, 'look');
    onTestFinished(() => look.mockRestore());
    for (const how of ['silent', 'cancel', 'timeout']) {
      await writeFile(pids, '');
      const options = { conv_id: how, ...(how === 'timeout' ? { timeout_s: 2 } : {}) };
      const { turn_id } = await server.accept(how, { message: how === 'silent' ? how : 'hang', ...options });
      const left = await until('the grandchildren', started);
      const looks = look.mock.results.length;
      await until(
        'two looks at them',
        () => look.mock.settledResults.slice(looks).filter(({ type }) => type === 'fulfilled').length >= 2,
      );
      if (how === 'cancel') await server.cancel(turn_id);
      else if (how === 'silent') await writeFile(go, '');
      expect((await server.end(turn_id)).state).not.toBe('completed');
      await until(`their end after ${how}`, () => !left.some(isAlive));
    }
  },
);
