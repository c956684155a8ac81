import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { type Started, startProcess } from '../../util/child-process.ts';

export type ToolResult = { output: string; isError: boolean };

type Input = Record<string, unknown>;

export type ToolContext = { project: string; env: Readonly<Record<string, string>>; signal: AbortSignal };

const maxOutput = 30_000;

/** Runs a tool that needs neither a person nor another agent. */
export async function runTool(name: string, input: Input, context: ToolContext): Promise<ToolResult> {
  try {
    const output = await (tools[name]?.(input, context) ?? unknownTool(name));
    return typeof output === 'string' ? { output, isError: false } : output;
  } catch (error) {
    return { output: (error as Error).message, isError: true };
  }
}

const unknownTool = (name: string): ToolResult => ({
  output: `<tool_use_error>Error: No such tool available: ${name}</tool_use_error>`,
  isError: true,
});

const tools: Record<string, (input: Input, context: ToolContext) => Promise<string | ToolResult> | string> = {
  Bash: async (input, context) => (await startShell(String(input['command']), context)).result,
  async Read(input, { project }) {
    const text = await readFile(resolve(project, input), 'utf8');
    return text
      .split('\n')
      .map((line, index) => `${index + 1}\t${line}`)
      .join('\n');
  },
  async Write(input, { project }) {
    const path = resolve(project, input);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, String(input['content'] ?? ''));
    return `File created successfully at: ${path}`;
  },
  async Edit(input, { project }) {
    const path = resolve(project, input);
    const text = await readFile(path, 'utf8');
    const before = String(input['old_string'] ?? '');
    if (!text.includes(before))
      return { output: `String to replace not found in file.\nString: ${before}`, isError: true };
    await writeFile(
      path,
      text.replace(before, () => String(input['new_string'] ?? '')),
    );
    return `The file ${path} has been updated successfully.`;
  },
  Glob: () => 'No files found',
  Grep: () => 'No matches found',
  TodoWrite: () => 'Todos have been modified successfully.',
};

const resolve = (project: string, input: Input) => {
  const path = String(input['file_path'] ?? '');
  return isAbsolute(path) ? path : join(project, path);
};

/** Starts a command in a process group of its own, which ends when `signal` is aborted. */
export async function startShell(
  command: string,
  { project, env, signal }: ToolContext,
  onOutput: (output: string) => void = () => {},
): Promise<{ result: Promise<ToolResult> }> {
  signal.throwIfAborted();
  let output = '';
  let closed: Promise<number | null> = Promise.resolve(null);
  const child = await startProcess('/bin/bash', ['-c', command], {
    cwd: project,
    env,
    detached: true,
    listen(started) {
      const add = (chunk: Buffer) => {
        output = (output + chunk.toString('utf8')).slice(-maxOutput);
        onOutput(output);
      };
      started.stdout.on('data', add);
      started.stderr.on('data', add);
      closed = new Promise((done) => started.once('close', done));
    },
  });
  child.stdin.end();
  const end = () => killGroup(child);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const result = closed.then((code) => {
    signal.removeEventListener('abort', end);
    const text = output.trimEnd();
    return code === 0
      ? { output: text, isError: false }
      : { output: `Exit code ${code}\n${text}`, isError: true };
  });
  return { result };
}

function killGroup({ pid }: Started): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}
