import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from './workspace.ts';

/**
 * Writes the transcript of a long session as the CLI keeps it: so many messages, by turns of a person and the
 * model, with `padBytes` of text in each tool's output. Gives its id.
 */
export async function writeLongSession(
  { home, project }: Workspace,
  messages: number,
  padBytes: number,
): Promise<string> {
  const sessionId = randomUUID();
  const folder = join(home, '.claude', 'projects', project.replaceAll(/[^A-Za-z0-9]/g, '-'));
  await mkdir(folder, { recursive: true });
  const lines: string[] = [];
  let parentUuid: string | null = null;
  let second = 0;
  const add = (type: 'user' | 'assistant', message: object) => {
    const uuid = randomUUID();
    const timestamp = new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
    second += 1;
    const line = {
      parentUuid,
      isSidechain: false,
      type,
      message,
      uuid,
      timestamp,
      sessionId,
      cwd: project,
      version: '2.1.329',
      userType: 'external',
    };
    lines.push(JSON.stringify(line));
    parentUuid = uuid;
  };
  const assistant = (number: number, content: object[]) =>
    add('assistant', {
      id: `msg_${number}_${second}`,
      type: 'message',
      role: 'assistant',
      model: 'scripted',
      content,
      usage: {},
    });
  for (let number = 0; number < messages / 2; number += 1) {
    add('user', { role: 'user', content: `Question ${number}` });
    if (number % 3 === 0) {
      const id = `toolu_${number}`;
      assistant(number, [{ type: 'tool_use', id, name: 'Bash', input: { command: `echo ${number}` } }]);
      add('user', {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: id, content: 'x'.repeat(padBytes), is_error: false }],
      });
    }
    assistant(number, [
      { type: 'text', text: `Answer ${number} with **words**, a list\n\n- one\n- two\n\nand \`code\`.` },
    ]);
  }
  await writeFile(join(folder, `${sessionId}.jsonl`), `${lines.join('\n')}\n`);
  return sessionId;
}
