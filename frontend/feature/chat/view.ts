import type { HistoryMessage, HistoryTurn, MessagePart } from '../../../contract/message.ts';

export type ToolPart = Extract<MessagePart, { type: 'tool' }>;

/** One row of the chat: a message with all that it caused, or something that the agent's program said itself. */
export type Row =
  | {
      type: 'turn';
      key: string;
      user: HistoryMessage | null;
      parts: MessagePart[];
      at: string;
      until: string;
      record: HistoryTurn | null;
    }
  | { type: 'note'; key: string; message: HistoryMessage };

type TurnRow = Extract<Row, { type: 'turn' }>;

/** Between what two processes wrote there can be so much. */
const slackMs = 2000;

/** The rows of a history. The facts of a turn are on the last row that belongs to it. */
export function toRows(messages: readonly HistoryMessage[], turns: readonly HistoryTurn[]): Row[] {
  const rows: Row[] = [];
  let open: TurnRow | null = null;
  const begin = (message: HistoryMessage, user: HistoryMessage | null): TurnRow => {
    open = {
      type: 'turn',
      key: message.id,
      user,
      parts: [],
      at: message.at,
      until: message.at,
      record: null,
    };
    rows.push(open);
    return open;
  };
  for (const message of messages) {
    if (message.role === 'system' || message.kind === 'error') {
      rows.push({ type: 'note', key: message.id, message });
      if (message.kind === 'background') open = null;
    } else if (message.role === 'user') begin(message, message);
    else {
      const turn: TurnRow = open ?? begin(message, null);
      turn.parts.push(...message.parts);
      turn.until = message.at;
    }
  }
  const taken = new Set<string>();
  for (const row of rows.toReversed()) {
    if (row.type !== 'turn') continue;
    const record = turns.findLast(
      ({ started_at, ended_at }) =>
        row.at >= started_at && Date.parse(row.at) <= Date.parse(ended_at) + slackMs,
    );
    if (!record || taken.has(record.turn_id)) continue;
    taken.add(record.turn_id);
    row.record = record;
  }
  return rows;
}

/** A piece of a turn as it is shown. */
export type Segment =
  | { type: 'text' | 'thinking'; key: string; text: string; clipped: boolean; open: boolean }
  | { type: 'tools'; key: string; tools: ToolPart[] }
  | { type: 'agent'; key: string; tool: ToolPart; inner: ToolPart[] }
  | { type: 'attachment'; key: string; media_type: string };

const isAgent = (name: string) => name === 'Task' || name === 'Agent' || name === 'Workflow';

/** What a turn said and did: tools that follow each other together, what a sub-agent did with its call. */
export function toSegments(parts: readonly MessagePart[]): Segment[] {
  const segments: Segment[] = [];
  const agents = new Map<string, ToolPart[]>();
  for (const [index, part] of parts.entries()) {
    if (part.type === 'tool') {
      const inner = part.parent_tool_id ? agents.get(part.parent_tool_id) : undefined;
      const last = segments.at(-1);
      if (inner) inner.push(part);
      else if (isAgent(part.name)) {
        const own: ToolPart[] = [];
        agents.set(part.id, own);
        segments.push({ type: 'agent', key: part.id, tool: part, inner: own });
      } else if (last?.type === 'tools') last.tools.push(part);
      else segments.push({ type: 'tools', key: part.id, tools: [part] });
    } else if (part.type === 'attachment')
      segments.push({ type: 'attachment', key: `${index}`, media_type: part.media_type });
    else if (part.text.trim()) {
      segments.push({
        type: part.type,
        key: `${index}`,
        text: part.text,
        clipped: part.clipped ?? false,
        open: part.open ?? false,
      });
    }
  }
  return segments;
}
