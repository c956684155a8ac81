import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createTmux } from '../../../../server/terminal/tmux.ts';
import { createTmuxFolder, tmuxOf } from '../../../helper/terminal.ts';
import { until } from '../../../helper/until.ts';
import { createWorkspace, testEnv } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies(
  'terminal.open',
  'starts each terminal in the environment of who opens it, also where tmux was started in another',
  async () => {
    const workspace = await createWorkspace();
    const folder = await createTmuxFolder();
    tmuxOf(workspace, folder);
    const odd = `it's "$HOME" \\n \\ ~/x #{pid} %if\n; kill-server\n{y}`;
    const seen = async (name: string, more: Record<string, string>) => {
      const env = testEnv(workspace, { TMUX_TMPDIR: folder, ...more });
      const path = join(workspace.root, name);
      const script = `env -0 > '${path}.new' && mv '${path}.new' '${path}' && exec cat`;
      await createTmux({ env }).openPane(name, {
        cwd: workspace.root,
        command: ['sh', '-c', script],
        logCommand: 'cat > /dev/null',
      });
      const text = await until('its environment', () => readFile(path, 'utf8').catch(() => null));
      return Object.fromEntries(
        text.split('\0').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
    };
    expect(await seen('first', { ONE: 'of the first', BOTH: 'first' })).toMatchObject({
      ONE: 'of the first',
      BOTH: 'first',
    });
    const second = await seen('second', { ODD: odd, BOTH: 'second' });
    expect(second).toMatchObject({ ODD: odd, BOTH: 'second', HOME: workspace.home });
    expect(second).not.toHaveProperty('ONE');
  },
);
