import type { Response } from 'express';
import type { HistoryMessage, MessagePart } from '../../contract/message.ts';
import { toJson } from '../util/json-text.ts';
import { writeAll } from './event-stream.ts';

type Exported = { id: string; title: string; messages: AsyncIterable<HistoryMessage> };

/** Writes a whole conversation as a file, message by message, as fast as the reader takes it. */
export async function exportAs(
  format: 'md' | 'json',
  { id, title, messages }: Exported,
  response: Response,
  signal: AbortSignal,
): Promise<void> {
  const isJson = format === 'json';
  response.status(200).set({
    'Content-Type': isJson ? 'application/json; charset=utf-8' : 'text/markdown; charset=utf-8',
    // Compression would wait for its own pace of the reader, and not tell us of it.
    'Cache-Control': 'no-store, no-transform',
    'Content-Disposition': `attachment; filename="${id}.${format}"`,
  });
  const start = isJson ? `{"conv_id":${toJson(id)},"title":${toJson(title)},"messages":[` : `# ${title}\n`;
  await writeAll(response, start);
  let isFirst = true;
  for await (const message of messages) {
    if (signal.aborted) return;
    await writeAll(response, isJson ? `${isFirst ? '' : ','}\n${toJson(message)}` : toMarkdown(message));
    isFirst = false;
  }
  response.end(isJson ? '\n]}\n' : undefined);
}

const names: Record<HistoryMessage['role'], string> = { user: 'You', assistant: 'Claude', system: 'Note' };

function toMarkdown({ role, at, parts }: HistoryMessage): string {
  return `\n## ${names[role]} · ${at}\n\n${parts.map(partToMarkdown).join('\n\n')}\n`;
}

export function partToMarkdown(part: MessagePart): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'thinking':
      return part.text.replace(/^/gm, '> ');
    case 'attachment':
      return `*(${part.media_type})*`;
    case 'tool':
      return `**${part.name}**${part.is_error ? ' (failed)' : ''}\n\n${fenced(part.input, 'json')}${part.output === null ? '' : `\n\n${fenced(part.output, '')}`}`;
  }
}

/** A fence that is longer than any in the text. */
function fenced(text: string, language: string): string {
  let longest = 2;
  for (const [run] of text.matchAll(/`+/g)) longest = Math.max(longest, run.length);
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
