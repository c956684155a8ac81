import { expect, test } from 'vitest';
import { buildPath, buildRequest, readProblem } from '../../../contract/client.ts';

test('fills in the parameters and the query of a route', () => {
  const route = { path: '/api/turns/:id/x/:task' };
  expect(buildPath(route, { params: { id: 'a/b?', task: 'ü' } })).toBe('/api/turns/a%2Fb%3F/x/%C3%BC');
  const query = { wait_s: 5, project: undefined, q: 'a b&c', all: true };
  expect(buildPath({ path: '/api/search' }, { query })).toBe('/api/search?wait_s=5&q=a+b%26c&all=true');
});

test('sends a body as JSON, and no content type without one', () => {
  expect(buildRequest({ method: 'POST' }, { body: { a: 1 } }, { authorization: 'x' })).toEqual({
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'x' },
    body: '{"a":1}',
  });
  expect(buildRequest({ method: 'GET' }, {})).toEqual({ method: 'GET', headers: {} });
});

test('tells a problem of the server from an answer of a proxy', async () => {
  const body = JSON.stringify({ status: 429, code: 'queue_full', detail: 'Too many.', hint: 'Wait.' });
  const problem = await readProblem(new Response(body, { status: 429, headers: { 'retry-after': '7' } }));
  expect(problem).toMatchObject({ code: 'queue_full', detail: 'Too many.', retryAfter: 7 });
  expect(await readProblem(new Response('<html>', { status: 502 }))).toMatchObject({
    code: 'unknown',
    status: 502,
    detail: expect.stringContaining('502'),
    retryAfter: null,
  });
});
