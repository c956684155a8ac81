import type { NoticeKind } from '../../contract/common.ts';
import type { StoredEvent } from '../../contract/event.ts';
import type { Prompt } from '../../contract/prompt.ts';
import { toRows } from '../../contract/shown-input.ts';
import { visible } from '../../contract/visible.ts';

/** Something that a person may want to be notified of. */
export type Notice = {
  kind: NoticeKind;
  conv_id: string;
  event_id: number;
  what: string;
  prompt: Prompt | null;
  at: string;
};

/** How much text fits on a lock screen; a push can hold about 3,900 bytes. */
const maxWhat = 240;

/** How much text a lock screen shows without opening the notification. */
const maxReadable = 110;

const toLine = (text: unknown) => {
  const line = String(text ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length > maxWhat ? `${line.slice(0, maxWhat - 1)}…` : line;
};

/** What a prompt asks for, in one line. */
function describePrompt({ kind, tool, input }: Prompt): string {
  const { questions } = input;
  if (kind === 'question')
    return Array.isArray(questions) ? questions.map((one) => one?.question).join(' ') : '';
  if (kind === 'plan') return String(input['plan'] ?? '');
  if (kind === 'budget') return '';
  return describeInput({ tool, input });
}

/** Whether the only field of a tool is clear without its name. */
const isPlain = (tool: string, name: string) => (tool === 'Bash' ? name === 'command' : name === 'file_path');

/** Every field of an input in one line, except the description of a command, which is not run. */
function describeInput({ tool, input }: Pick<Prompt, 'tool' | 'input'>): string {
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

/**
 * Whether a notice shows the whole request, so that it can be allowed there. A risky one is read on its card.
 */
export function fitsNotice(prompt: Prompt): boolean {
  if (prompt.kind !== 'permission' || prompt.risks?.length) return false;
  const text = describeInput(prompt);
  // A notice collapses white space.
  return text.length <= maxReadable && toLine(visible(text)) === text && !isAmbiguous(prompt);
}

export const summarizePrompt = (prompt: Prompt): string => toLine(visible(describePrompt(prompt)));

/** The notice that an event leads to; null for most events. */
export function noticeOf(event: StoredEvent): Notice | null {
  const { conv_id, id: event_id, at } = event;
  switch (event.type) {
    case 'prompt.opened':
      return {
        kind: 'needs_me',
        conv_id,
        event_id,
        at,
        what: summarizePrompt(event.prompt),
        prompt: event.prompt,
      };
    case 'turn.completed':
      return { kind: 'finished', conv_id, event_id, at, what: toLine(event.response), prompt: null };
    case 'turn.failed':
    case 'turn.interrupted':
      return {
        kind: 'failed',
        conv_id,
        event_id,
        at,
        what: toLine(`${event.title}. ${event.detail === event.title ? '' : event.detail}`),
        prompt: null,
      };
    default:
      return null;
  }
}
