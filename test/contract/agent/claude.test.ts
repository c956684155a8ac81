import { createClaude } from '../../../server/agent/claude/claude.ts';
import { processesOf } from '../../helper/workspace.ts';
import { claudeDeps } from './claude-deps.ts';
import { describeAgent } from './suite.ts';

describeAgent({
  name: 'Claude Code',
  open: (workspace, env) => ({
    agent: createClaude(claudeDeps(env)),
    async crash() {
      for (const pid of await processesOf(workspace)) process.kill(pid, 'SIGKILL');
    },
  }),
});
