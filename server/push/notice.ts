import type { NoticeKind } from '../../contract/conversation-options.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { Prompt } from '../../contract/prompt.ts';
import { toRows } from '../../contract/shown-input.ts';
import { hidesCharacters, visible } from '../../contract/visible.ts';

/** Something that a person may want to be told of. */
export type Notice = { kind: NoticeKind; conv_id: string; event_id: number; what: string; prompt: Prompt | null; at: string };

/** What fits on a lock screen; a push has room for about 3,900 bytes. */
const maxWhat = 240;

/** What can be read on a lock screen without opening anything. */
const maxReadable = 110;

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
  return inputOf({ tool, input });
}

/** Every field of an input in one line; of the only one its value. What a command is said to do is not run. */
function inputOf({ tool, input }: Pick<Prompt, 'tool' | 'input'>): string {
  const rows = toRows(input, tool === 'Bash' ? ['description'] : []);
  const [only] = rows;
  if (rows.length === 1 && only) return only.value;
  return rows.map(({ name, value }) => (value ? `${name}: ${value}` : `${name}:`)).join(', ');
}

/** Whether all of what is asked stands in its notice, so that it can be allowed there. What looks risky is read on the card. */
export function fitsNotice(prompt: Prompt): boolean {
  if (prompt.kind !== 'permission' || prompt.risks?.length) return false;
  const text = inputOf(prompt);
  return text.length <= maxReadable && !/[\r\n\t]/.test(text) && !hidesCharacters(text) && !Object.keys(prompt.input).some(hidesCharacters);
}

export const askedBy = (prompt: Prompt): string => short(visible(asked(prompt)));

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
