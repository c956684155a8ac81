import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { ProgramError, runProgram, StartError, startProcess } from '../../../../server/util/child-process.ts';
import { spawnFaults } from '../../../helper/spawn-fault.mjs';

afterEach(() => spawnFaults.clear());

const exhausted = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];
const lasting = ['EACCES', 'ENOENT', 'E2BIG', 'ENOEXEC', 'ENOSPC', 'EPERM'];

for (const code of [...exhausted, ...lasting]) {
  test(`a start that fails with ${code} is an error value`, async () => {
    spawnFaults.set('true', code);
    for (const start of [() => startProcess('true', []), () => runProgram('true', [], { timeoutMs: 1000 })]) {
      const error = await start().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StartError);
      expect(error).toMatchObject({
        code,
        program: 'true',
        isExhausted: exhausted.includes(code),
        isFolderMissing: false,
      });
    }
  });
}

test('a missing folder is distinguished from a missing program', async () => {
  const cwd = join(tmpdir(), 'not-there', 'at-all');
  await expect(startProcess('true', [], { cwd })).rejects.toMatchObject({
    code: 'ENOENT',
    isFolderMissing: true,
  });
  await expect(runProgram('true', [], { cwd, timeoutMs: 1000 })).rejects.toMatchObject({
    isFolderMissing: true,
  });
  await expect(startProcess('no-such-program', [], { cwd: tmpdir() })).rejects.toMatchObject({
    isFolderMissing: false,
  });
});

test('arguments that are too long are an error value', async () => {
  await expect(startProcess('true', ['x'.repeat(4_000_000)])).rejects.toMatchObject({ code: 'E2BIG' });
});

test('a program that does not read its input causes no error', async () => {
  const child = await startProcess('true', []);
  const closed = new Promise((resolve) => child.once('close', resolve));
  for (let count = 0; count < 50; count += 1) child.stdin.write('x'.repeat(100_000));
  await closed;
  expect(await runProgram('true', [], { input: 'x'.repeat(5_000_000), timeoutMs: 5000 })).toEqual({
    stdout: '',
    stderr: '',
  });
});

test('gives what a program prints, and what it said when it failed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'switchboard-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const said = await runProgram('sh', ['-c', 'cat; pwd'], { cwd: folder, input: 'hello\n', timeoutMs: 5000 });
  expect(said.stdout).toBe(`hello\n${folder}\n`);
  const failed = await runProgram('sh', ['-c', 'echo out; echo bad >&2; exit 3'], { timeoutMs: 5000 }).catch(
    (error) => error,
  );
  expect(failed).toBeInstanceOf(ProgramError);
  expect(failed).toMatchObject({ exitCode: 3, message: 'bad', stdout: 'out\n' });
});
