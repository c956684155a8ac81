import { z } from 'zod';
import { type Endpoint, endpoints } from '../../contract/endpoint.ts';
import { errorTable } from '../../contract/error.ts';
import { Event } from '../../contract/event.ts';
import { commonErrors, type RouteName, routes } from '../../contract/route.ts';
import type { Route } from '../../contract/route-row.ts';

type JsonSchema = {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  description?: string;
  deprecated?: boolean;
  default?: unknown;
};

const schemaOf = (schema: z.ZodType, io: 'input' | 'output') =>
  z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;

/** A shape in a few words. */
function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  const either = schema.anyOf ?? schema.oneOf;
  if (either) return [...new Set(either.map(typeOf))].join(' or ');
  if (schema.type === 'array') return `list of ${schema.items ? typeOf(schema.items) : 'anything'}`;
  return [schema.type ?? 'anything'].flat().join(' or ');
}

function fieldTable(schema: z.ZodType | undefined, io: 'input' | 'output'): string {
  const { properties = {}, required = [] } = schema ? schemaOf(schema, io) : {};
  const rows = Object.entries(properties).map(([name, field]) => {
    const isNeeded = io === 'input' && required.includes(name) && field.default === undefined;
    const words = [
      field.deprecated ? 'deprecated' : '',
      isNeeded ? 'needed' : '',
      field.default === undefined ? '' : `default ${JSON.stringify(field.default)}`,
      field.description ?? '',
    ];
    return `| \`${name}\` | ${typeOf(field).replaceAll('|', '\\|')} | ${words.filter(Boolean).join('; ')} |`;
  });
  return rows.length ? `| Field | Type | |\n| --- | --- | --- |\n${rows.join('\n')}\n` : '';
}

function section(name: RouteName, route: Route): string {
  const endpoint: Endpoint = endpoints[name];
  const isStream = route.tag === 'events';
  const parts = [
    `### ${route.method} ${route.path}\n`,
    `${route.summary}.${route.open ? ' No credentials needed.' : ''}\n`,
    endpoint.query ? `Query:\n\n${fieldTable(endpoint.query, 'input')}` : '',
    endpoint.body ? `Body:\n\n${fieldTable(endpoint.body, 'input')}` : '',
    isStream
      ? 'Answers 200 with `text/event-stream`; see Events.\n'
      : `Answers ${route.status ?? 200}:\n\n${fieldTable(endpoint.response, 'output') || '\nA JSON object.\n'}`,
    route.streams && !isStream
      ? `Also as ${route.streams.map((type) => `\`${type}\``).join(' and ')}, chosen by \`Accept\`.\n`
      : '',
    route.errors.length
      ? `Errors: ${route.errors.map((code) => `\`${code}\` (${errorTable[code].status})`).join(', ')}.\n`
      : '',
  ];
  return parts.filter(Boolean).join('\n');
}

function eventTable(): string {
  const kinds = (schemaOf(Event, 'output').oneOf ?? schemaOf(Event, 'output').anyOf ?? []) as JsonSchema[];
  const rows = kinds.map(({ properties = {} }) => {
    const fields = Object.keys(properties).filter(
      (name) => !['type', 'conv_id', 'turn_id', 'at'].includes(name),
    );
    return `| \`${properties['type']?.const}\` | ${fields.map((field) => `\`${field}\``).join(', ')} |`;
  });
  return `| Event | Its own fields |\n| --- | --- |\n${rows.join('\n')}\n`;
}

/** docs/api.md: every route, with its fields and errors, and every event. */
export function apiPage(): string {
  const tags = [...new Set(Object.values(routes).map((route) => route.tag))];
  const sections = tags.map((tag) => {
    const own = (Object.entries(routes) as [RouteName, Route][]).filter(([, route]) => route.tag === tag);
    return `## ${tag[0]?.toUpperCase()}${tag.slice(1)}\n\n${own.map(([name, route]) => section(name, route)).join('\n')}`;
  });
  return `# HTTP API

<!-- Made by npm run generate from contract/. -->

JSON in and out, snake_case, times in ISO-8601 UTC, money in USD. \`GET /api/openapi.json\` has the same as OpenAPI 3.1.

**Credentials.** HTTP Basic, \`Authorization: Bearer <token>\` (POST /api/tokens), or the cookie of POST /api/login.

**Errors** are \`application/problem+json\`: \`{type, title, status, detail, code, hint, request_id, success: false, error}\`;
where it is known also \`field\`, \`turn_id\`, and \`candidates\` of an id that was not unique.
All codes with their cures are in [troubleshooting.md](troubleshooting.md). Any route can answer ${commonErrors.map((code) => `\`${code}\``).join(', ')}.

**Idempotency.** \`Idempotency-Key: <anything>\` on POST /api/chat and POST /api/conversations/:id/turns: the same key gives the
same turn, never a second one, at any time.

**The original API.** Clients of the system that this one follows work unchanged: \`/health\`, \`/api/chat\`, \`/api/reset\`,
\`/api/sessions\`, and \`sessions/sessions.json\` in its shape. One thing differs on purpose: a turn that failed answers with an
error status, no longer with 200 and \`success: false\`.

${sections.join('\n')}
## The events themselves

Each event has \`id\` (grows, also across restarts), \`type\`, \`conv_id\`, \`at\`, and \`turn_id\` where it belongs to a turn. As
server-sent events the \`id:\` and \`event:\` lines carry the same. A \`message\` takes the place of the \`text.delta\` pieces since the
message before it. \`turn.retrying\` with \`discard_text\` says that those pieces are void.

${eventTable()}
History (\`GET /api/conversations/:id/messages\`) follows the conversation through the transcript of the session, not the order of
the file, newest page first, each page at most 256 KB; long texts and tool outputs are clipped and say so.
`;
}
