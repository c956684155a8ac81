import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'dotenv';
import { expect } from 'vitest';
import { routes } from '../../../../contract/route.ts';
import { generatedFiles } from '../../../../scripts/generate/files.ts';
import { toConfig } from '../../../../server/config.ts';
import { buildOpenApi } from '../../../../server/http/openapi.ts';
import { settings } from '../../../../server/setting.ts';
import { verifies } from '../../../requirement/verifies.ts';

const root = join(import.meta.dirname, '..', '..', '..', '..');

verifies('docs.generated', 'are what npm run generate makes', () => {
  for (const { path, text } of generatedFiles())
    expect(readFileSync(join(root, path), 'utf8'), `${path}: run npm run generate`).toBe(text);
});

verifies('docs.generated', '.env.example is the same as no .env at all', () => {
  const example = parse(readFileSync(join(root, '.env.example')));
  expect(Object.keys(example).sort()).toEqual(Object.keys(settings).sort());
  const env = { HOME: '/home/me', PATH: '/bin' };
  expect(toConfig('/work', {}, example)).toEqual({
    ...toConfig('/work', {}, {}),
    agentEnv: expect.anything(),
    liveProcesses: expect.any(Number),
  });
  expect(toConfig('/work', env, example).agentEnv).toEqual(env);
});

verifies('agent.options', 'reads extra arguments with quotes', () => {
  const { CLAUDE_EXTRA_ARGS } = toConfig(
    '/work',
    { CLAUDE_EXTRA_ARGS: `--mcp-config '{"a":1, "b":2}' --effort "high"` },
    {},
  );
  expect(CLAUDE_EXTRA_ARGS).toEqual(['--mcp-config', '{"a":1, "b":2}', '--effort', 'high']);
});

verifies('docs.generated', 'the OpenAPI document has every route with its checks', () => {
  const { openapi, paths } = buildOpenApi('1.2.3') as {
    openapi: string;
    paths: Record<string, Record<string, Record<string, unknown>>>;
  };
  expect(openapi).toBe('3.1.0');
  for (const [name, route] of Object.entries(routes)) {
    const operation = paths[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()];
    expect(operation?.['operationId'], name).toBe(name);
    expect(Object.keys(operation?.['responses'] as object)).toContain(
      String('status' in route ? route.status : 200),
    );
  }
  const chat = JSON.stringify(paths['/api/chat']?.['post']);
  for (const word of ['message', 'conv_id', 'Idempotency-Key', 'text/event-stream', 'text/plain', '504'])
    expect(chat).toContain(word);
});
