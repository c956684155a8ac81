import type { MessagePart } from '../../../contract/message.ts';
import { exitCodeOf, inputOf } from './tool-line.ts';
import type { ToolPart } from './view.ts';

export type Tests = { passed: number; failed: number };

/** What a turn did, computed only from its tool calls. */
export type Receipt = {
  files: { file: string; added: number; removed: number }[];
  commands: { command: string; exit: number | null }[];
  /** Null where no output looks like that of tests. */
  tests: Tests | null;
  /** How many calls never ran, because a person or a rule did not allow them. */
  denied?: number;
};

/** How test runners tell their result; of a run that names more than one form the first counts. */
const forms: readonly ((output: string) => Tests | null)[] = [
  // vitest:  Tests  2 failed | 20 passed (22)
  (text) =>
    counts(/^[ \t]*Tests[ \t]+(?=\d)(.{1,200}\(\d+\))\s?$/m.exec(text)?.[1], /(\d+) passed/, /(\d+) failed/),
  // jest:  Tests:       1 failed, 5 passed, 6 total
  (text) => counts(/^Tests:\s+(.*total)/m.exec(text)?.[1], /(\d+) passed/, /(\d+) failed/),
  // pytest:  == 3 passed, 1 failed in 0.12s ==
  (text) =>
    counts(
      /^=*[ \t]?((?:\d+ [a-z]+, ){0,9}\d+ [a-z]+) in [\d.:]+/m.exec(text)?.[1],
      /(\d+) passed/,
      /(\d+) (?:failed|error)/,
    ),
  // cargo:  test result: FAILED. 4 passed; 1 failed; one line for each binary
  (text) => sum(text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)),
  // node --test:  # pass 5 / ℹ pass 5
  (text) => counts(/^[#ℹ] tests \d+[\s\S]*/m.exec(text)?.[0], /^[#ℹ] pass (\d+)/m, /^[#ℹ] fail (\d+)/m),
  // mocha:  12 passing / 2 failing
  (text) => counts(/^[ \t]*\d+ passing[\s\S]*/m.exec(text)?.[0], /(\d+) passing/, /(\d+) failing/),
  // rspec:  10 examples, 2 failures
  (text) => fromTotal(/^(\d+) examples?, (\d+) failures?/m.exec(text)),
  // maven:  Tests run: 5, Failures: 1, Errors: 0
  (text) =>
    maven([...text.matchAll(/^(?:\[\w+\] )?Tests run: (\d+), Failures: (\d+), Errors: (\d+)/gm)].at(-1)),
  // go test -v
  (text) => go(text),
];

const number = (found: RegExpExecArray | null) => Number(found?.[1] ?? 0);

function counts(text: string | undefined, passed: RegExp, failed: RegExp): Tests | null {
  if (text === undefined || !(passed.test(text) || failed.test(text))) return null;
  return { passed: number(passed.exec(text)), failed: number(failed.exec(text)) };
}

function sum(found: Iterable<RegExpExecArray>): Tests | null {
  const all = [...found];
  return all.length
    ? {
        passed: all.reduce((n, one) => n + Number(one[1]), 0),
        failed: all.reduce((n, one) => n + Number(one[2]), 0),
      }
    : null;
}

function fromTotal(found: RegExpExecArray | null): Tests | null {
  return found && { passed: Number(found[1]) - Number(found[2]), failed: Number(found[2]) };
}

function maven(found: RegExpExecArray | undefined): Tests | null {
  if (!found) return null;
  const failed = Number(found[2]) + Number(found[3]);
  return { passed: Number(found[1]) - failed, failed };
}

function go(text: string): Tests | null {
  const passed = [...text.matchAll(/^[ \t]*--- PASS: /gm)].length;
  const failed = [...text.matchAll(/^[ \t]*--- FAIL: /gm)].length;
  return passed || failed ? { passed, failed } : null;
}

const colours = /\u001b\[[0-9;]*m/g;

/** How many tests passed and failed by the output of a command; null where it looks like none. */
export function testsIn(output: string): Tests | null {
  const text = output.replace(colours, '');
  for (const form of forms) {
    const found = form(text);
    if (found) return found;
  }
  return null;
}

/** What a turn came to. Of tests the last run counts: the ones before it were on the way. */
export function receiptOf(parts: readonly MessagePart[]): Receipt {
  const tools = parts.filter((part): part is ToolPart => part.type === 'tool');
  const files = new Map<string, { file: string; added: number; removed: number }>();
  for (const { change, is_error, output } of tools) {
    if (!change || is_error || output === null) continue;
    const { file, added, removed } = change;
    const before = files.get(file) ?? { file, added: 0, removed: 0 };
    files.set(file, { file, added: before.added + added, removed: before.removed + removed });
  }
  const ran = tools.filter(({ name, output, denied }) => name === 'Bash' && output !== null && !denied);
  const denied = tools.filter((tool) => tool.denied).length;
  const tests = ran.map(({ output }) => testsIn(output ?? '')).findLast((found) => found !== null) ?? null;
  const commands = ran.map((tool) => ({
    command: String(inputOf(tool)['command'] ?? ''),
    exit: exitCodeOf(tool),
  }));
  return { files: [...files.values()], commands, tests, ...(denied ? { denied } : {}) };
}
