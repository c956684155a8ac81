import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from './workspace.ts';

const program = `#!/usr/bin/env node
const { execSync } = require('node:child_process');
const { createInterface } = require('node:readline');
if (process.argv[2] !== '-p') { console.log('9.9.9 (Claude Code)'); process.exit(0); }
const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
const textOf = (content) => (typeof content === 'string' ? content : content.at(-1).text);
createInterface({ input: process.stdin }).on('line', (line) => {
  const { type, request_id, uuid, message } = JSON.parse(line);
  if (type === 'control_request') say({ type: 'control_response', response: { subtype: 'success', request_id, response: {} } });
  if (type !== 'user') return;
  // What the server appends to a message with files is not a command.
  execSync(textOf(message.content).split('\\n\\n')[0], { stdio: 'ignore' });
  say({ type: 'result', subtype: 'success', is_error: false, result: 'ok', session_id: process.argv[4], num_turns: 1, total_cost_usd: 0, user_message_uuids: [uuid] });
});
process.stdin.on('end', () => process.exit(0));
`;

/**
 * An executable instead of claude that runs each message as a shell command in its folder, as a live process: for
 * modes that ask. The real one runs git itself, which cannot be distinguished from what the server runs.
 */
export async function writeShellAgent({ root }: Workspace): Promise<string> {
  const path = join(root, 'shell-agent.cjs');
  await writeFile(path, program);
  await chmod(path, 0o755);
  return path;
}
