import { createClaude } from '../../../server/agent/claude/claude.ts';
import { createScriptedAgent } from '../../../server/agent/scripted/scripted-agent.ts';
import { claudeDeps } from './claude-deps.ts';
import { describeAgent } from './suite.ts';

describeAgent({
  name: 'scripted agent',
  open(_workspace, env) {
    const deps = claudeDeps(env);
    const agent = createScriptedAgent({ ...deps, base: createClaude(deps) });
    return { agent, crash: (sessionId) => agent.crash(sessionId) };
  },
});
