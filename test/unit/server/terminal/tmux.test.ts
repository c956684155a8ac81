import { expect } from 'vitest';
import { createTmux } from '../../../../server/terminal/tmux.ts';
import { createTmuxFolder, tmuxOf } from '../../../helper/terminal.ts';
import { createWorkspace, testEnv } from '../../../helper/workspace.ts';
import { verifies } from '../../../requirement/verifies.ts';

verifies(
  'terminal.handover',
  'names what tmux said when a terminal ended while it was worked with',
  async () => {
    const workspace = await createWorkspace();
    const folder = await createTmuxFolder();
    const tmux = tmuxOf(workspace, folder);
    const terminals = createTmux({ env: testEnv(workspace, { TMUX_TMPDIR: folder }) });
    for (const name of ['stays', 'ends'])
      await terminals.openPane(name, { cwd: workspace.root, command: ['sleep', '300'], logCommand: 'cat' });
    const pane = (await terminals.listPanes()).find((one) => one.name === 'ends');
    const id = pane?.id ?? '';
    expect(tmux('-L', 'switchboard', 'kill-session', '-t', '=ends').status).toBe(0);
    for (const work of [
      () => terminals.captureText(id),
      () => terminals.captureScreen(id),
      () => terminals.pressKey(id, 'Enter'),
      () => terminals.paste(id, 'x'),
    ]) {
      await expect(work()).rejects.toMatchObject({
        code: 'terminal_failed',
        message: expect.stringContaining("can't find pane"),
      });
    }
    expect(tmux('-L', 'switchboard', 'kill-server').status).toBe(0);
    await expect(terminals.captureText(id)).rejects.toMatchObject({ code: 'terminal_failed' });
    expect(await terminals.listPanes()).toEqual([]);
  },
);
