import { expect, test } from 'vitest';
import { fixes } from '../../../cli/fixes.ts';
import { commands } from '../../../cli/table.ts';
import { errorTable } from '../../../contract/error.ts';

test('every fix of the command names commands and options that exist', () => {
  const names = new Map(commands.map((command) => [command.name, command]));
  let mentions = 0;
  for (const [code, fix] of Object.entries(fixes)) {
    expect(Object.keys(errorTable), code).toContain(code);
    for (const [, name = '', rest = ''] of fix.matchAll(/`switchboard ([\w-]+)([^`]*)`/g)) {
      const command = names.get(name);
      expect(command, `${code}: ${name}`).toBeDefined();
      const flags = command?.options.map((row) => row.flags).join(' ') ?? '';
      for (const [flag] of rest.matchAll(/--[\w-]+/g)) expect(flags, `${code}: ${flag}`).toContain(flag);
      mentions += 1;
    }
  }
  expect(mentions).toBeGreaterThan(15);
});

test('no fix of the command names a method, a path or a header of the API', () => {
  for (const [code, fix] of Object.entries(fixes))
    expect(fix, code).not.toMatch(/\b(GET|POST|PATCH|DELETE)\b|\/api\/|\b[a-z]+_[a-z_]+\b|Retry-After/);
});
