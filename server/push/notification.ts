import type { NoticeKind } from '../../contract/conversation-options.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { Prompt } from '../../contract/prompt.ts';
import { toRows } from '../../contract/shown-input.ts';
import { visible } from '../../contract/visible.ts';

/** Something that a person may want to be told of. */
export type Notice = {
  kind: NoticeKind;
  conv_id: string;
  event_id: number;
  what: string;
  prompt: Prompt | null;
  at: string;
};

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
  const { questions } = input;
  if (kind === 'question')
    return Array.isArray(questions) ? questions.map((one) => one?.question).join(' ') : '';
  if (kind === 'plan') return String(input['plan'] ?? '');
  if (kind === 'budget') return '';
  return inputOf({ tool, input });
}

/** What the only field of a tool says without its name. */
const isPlain = (tool: string, name: string) => (tool === 'Bash' ? name === 'command' : name === 'file_path');

/** Every field of an input in one line. What a command is said to do is not run. */
function inputOf({ tool, input }: Pick<Prompt, 'tool' | 'input'>): string {
  const rows = toRows(input, tool === 'Bash' ? ['description'] : []);
  const [only] = rows;
  if (rows.length === 1 && only && (!only.name || isPlain(tool, only.name))) return only.value;
  return rows.map(({ name, value }) => (value ? `${name}: ${value}` : `${name}:`)).join(', ');
}

/** Whether one field could be taken for two of them, in one line. */
function isAmbiguous({ tool, input }: Prompt): boolean {
  const rows = toRows(input, tool === 'Bash' ? ['description'] : []);
  return rows.some(
    ({ name, value }) =>
      /[,:]\s/.test(name) || ((rows.length > 1 || !isPlain(tool, name)) && /,\s[^,]*:/.test(value)),
  );
}

/** Whether all of what is asked stands in its notice, so that it can be allowed there. What looks risky is read on the card. */
export function fitsNotice(prompt: Prompt): boolean {
  if (prompt.kind !== 'permission' || prompt.risks?.length) return false;
  const text = inputOf(prompt);
  // A notice takes blanks together.
  return text.length <= maxReadable && short(visible(text)) === text && !isAmbiguous(prompt);
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
