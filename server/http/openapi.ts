import { z } from 'zod';
import { type Endpoint, endpoints } from '../../contract/endpoint.ts';
import { type ErrorCode, errorTable } from '../../contract/error.ts';
import { commonErrors, type RouteName, routes } from '../../contract/route.ts';
import type { Route } from '../../contract/route-row.ts';
import { ProblemBody } from '../../contract/turn.ts';

type Json = Record<string, unknown>;

const input = (schema: z.ZodType): Json =>
  clean(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
const output = (schema: z.ZodType): Json =>
  clean(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }));

function clean({ $schema: _, ...schema }: Json): Json {
  return schema;
}

/**
 * The API as an OpenAPI 3.1 document, made from the route table and the shapes that requests are checked
 * with.
 */
export function buildOpenApi(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(routes) as [RouteName, Route][]) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Switchboard',
      version,
      description: 'Reach the coding agents on your own machines.',
      license: { name: 'MIT' },
    },
    security: [{ basic: [] }, { bearer: [] }, { cookie: [] }],
    paths,
    components: {
      schemas: { Problem: output(ProblemBody) },
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer' },
        cookie: { type: 'apiKey', in: 'cookie', name: 'switchboard' },
      },
    },
  };
}

function operation(name: RouteName, route: Route): Json {
  const endpoint: Endpoint = endpoints[name];
  const parameters = [...parametersOf('path', endpoint.params), ...parametersOf('query', endpoint.query)];
  if (route.takesKey) {
    const description = 'The same key gives the same turn, never a second one.';
    parameters.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description,
      schema: { type: 'string', maxLength: 255 },
    });
  }
  if (route.tag === 'events') {
    const description = 'Replay what came after the event of this id.';
    parameters.push({
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      description,
      schema: { type: 'integer' },
    });
  }
  return {
    operationId: name,
    tags: [route.tag],
    summary: route.summary,
    ...(route.open ? { security: [] } : {}),
    ...(parameters.length ? { parameters } : {}),
    ...(endpoint.body
      ? {
          requestBody: {
            required: !endpoint.body.safeParse({}).success,
            content: { 'application/json': { schema: input(endpoint.body) } },
          },
        }
      : {}),
    responses: { [route.status ?? 200]: success(endpoint, route), ...failures(route) },
  };
}

function parametersOf(place: 'path' | 'query', schema: z.ZodType | undefined): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = input(schema) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function success(endpoint: Endpoint, route: Route): Json {
  const schema = output(endpoint.response);
  const isOnlyStream = route.tag === 'events';
  const content: Record<string, Json> = isOnlyStream ? {} : { 'application/json': { schema } };
  for (const type of route.streams ?? [])
    content[type] = { schema: isOnlyStream ? schema : { type: 'string' } };
  return { description: 'Success', content };
}

/** The errors of a route by their status; common ones are those that any route under /api can answer with. */
function failures(route: Route): Record<string, Json> {
  const codes: readonly ErrorCode[] = route.path === '/health' ? [] : [...route.errors, ...commonErrors];
  const byStatus: Record<string, Json> = {};
  for (const code of new Set(codes)) {
    const { status, title } = errorTable[code];
    const known = byStatus[status]?.['description'];
    byStatus[status] = {
      description: known ? `${known}; ${code}: ${title}` : `${code}: ${title}`,
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return byStatus;
}
