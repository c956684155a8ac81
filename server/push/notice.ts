import type { NoticeKind } from '../../contract/conversation-options.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { Prompt } from '../../contract/prompt.ts';

/** Something that a person may want to be told of. */
export type Notice = { kind: NoticeKind; conv_id: string; event_id: number; what: string; prompt: Prompt | null; at: string };

/** What fits on a lock screen; a push has room for about 3,900 bytes. */
const maxWhat = 240;

const short = (text: unknown) => {
  const line = String(text ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length > maxWhat ? `${line.slice(0, maxWhat - 1)}…` : line;
};

/** What a prompt asks, in one line. */
function asked({ kind, tool, input }: Prompt): string {
  if (kind === 'question') return (input['questions'] as { question?: string }[] | undefined)?.map(({ question }) => question).join(' ') ?? '';
  if (kind === 'plan') return String(input['plan'] ?? '');
  if (kind === 'budget') return '';
  return String(input['command'] ?? input['file_path'] ?? input['url'] ?? `${tool} ${JSON.stringify(input)}`);
}

export const askedBy = (prompt: Prompt): string => short(asked(prompt));

/** What an event is worth telling of; null for most. */
export function noticeOf(event: StoredEvent): Notice | null {
  const { conv_id, id: event_id, at } = event;
  switch (event.type) {
    case 'prompt.opened':
      return { kind: 'needs_me', conv_id, event_id, at, what: askedBy(event.prompt), prompt: event.prompt };
    case 'turn.completed':
      return { kind: 'finished', conv_id, event_id, at, what: short(event.response), prompt: null };
    case 'turn.failed':
    case 'turn.interrupted':
      return {
        kind: 'failed',
        conv_id,
        event_id,
        at,
        what: short(`${event.title}. ${event.detail === event.title ? '' : event.detail}`),
        prompt: null,
      };
    default:
      return null;
  }
}
