import type { HistoryMessage, MessagePart } from '../../contract/message.ts';
import { parseDenial } from './denial.ts';
import { contentBlocks, type Entry, plainText, taskNotice, withoutNotes } from './entry.ts';
import { type Limits, shownLimits, textOf, toBlocks, toolOutput, toPart } from './message-part.ts';
import { truncateText } from './truncate.ts';

type Kind = HistoryMessage['kind'];

/** The content of the first tag of a name. A pattern would search for the end of each unclosed tag. */
function tag(name: string, text: string): string | undefined {
  const open = `<${name}>`;
  const start = text.indexOf(open);
  const end = start < 0 ? -1 : text.indexOf(`</${name}>`, start + open.length);
  return end < 0 ? undefined : text.slice(start + open.length, end).trim();
}

const escapeCodes = /\u001b\[[0-9;]*m/g;

/** Makes messages of entries in the order of the file. `resultOf` finds results off the branch. */
export function foldEntries(
  entries: readonly Entry[],
  resultOf: (toolId: string) => Entry | undefined,
  limits: Limits = shownLimits,
): HistoryMessage[] {
  const messages: HistoryMessage[] = [];
  const tools = new Map<string, Extract<MessagePart, { type: 'tool' }>>();
  const byMessageId = new Map<string, HistoryMessage>();

  const add = (entry: Entry, role: HistoryMessage['role'], parts: MessagePart[], kind?: Kind) => {
    const message: HistoryMessage = {
      id: String(entry.uuid),
      role,
      at: entry.timestamp ?? '',
      text: textOf(parts),
      parts,
    };
    if (kind) message.kind = kind;
    messages.push(message);
    return message;
  };
  const addText = (entry: Entry, role: HistoryMessage['role'], text: string, kind?: Kind) =>
    add(entry, role, [{ type: 'text', ...truncateText(text, limits.text) }], kind);

  function foldAssistant(entry: Entry): void {
    // What the CLI writes itself where a turn was cut, so that the roles take turns.
    if (entry.message?.model === '<synthetic>' && !entry.isApiErrorMessage) return;
    const parts = contentBlocks(entry)
      .map((block) => toPart(block, limits))
      .filter((part) => part !== null);
    for (const part of parts) {
      if (part.type !== 'tool') continue;
      tools.set(part.id, part);
      if (entry.timestamp) part.at = entry.timestamp;
    }
    const known = byMessageId.get(entry.message?.id ?? '');
    if (known) {
      for (const part of parts) known.parts.push(part);
      return;
    }
    const message = add(entry, 'assistant', parts, entry.isApiErrorMessage ? 'error' : undefined);
    if (entry.message?.model) message.model = entry.message.model;
    if (entry.message?.id) byMessageId.set(entry.message.id, message);
  }

  function foldUser(entry: Entry): void {
    takeResults(entry, tools, limits);
    if (entry.isMeta) return;
    const text = plainText(entry);
    const notice = taskNotice(entry);
    const command = tag('command-name', text);
    const output = tag('local-command-stdout', text) ?? tag('local-command-stderr', text);
    if (notice !== null)
      addText(entry, 'system', tag('summary', notice) ?? 'Background work ended.', 'background');
    else if (command)
      addText(entry, 'user', `${command} ${tag('command-args', text) ?? ''}`.trim(), 'command');
    else if (output !== undefined) addText(entry, 'system', output.replace(escapeCodes, ''), 'output');
    else if (entry.isCompactSummary) addText(entry, 'system', withoutNotes(text), 'summary');
    else if (/^\[Request interrupted by user/.test(text)) addText(entry, 'system', 'Stopped.', 'output');
    else {
      const parts = contentBlocks(entry)
        .map(withoutReminders)
        .map((block) => toPart(block, limits))
        .filter((part) => part !== null);
      if (parts.length) add(entry, 'user', parts);
    }
  }

  for (const entry of entries) {
    if (entry.type === 'assistant') foldAssistant(entry);
    else if (entry.type === 'user') foldUser(entry);
    else if (
      entry.type === 'attachment' &&
      entry.attachment?.type === 'queued_command' &&
      entry.attachment.commandMode === 'prompt'
    ) {
      const parts = toBlocks(entry.attachment.prompt)
        .map((block) => toPart(block, limits))
        .filter((part) => part !== null);
      if (parts.length) add(entry, 'user', parts);
    } else if (entry.subtype === 'compact_boundary')
      addText(entry, 'system', 'The conversation was compacted.', 'compaction');
    else if (entry.subtype === 'local_command') {
      const output = tag('local-command-stdout', String(entry.content ?? ''));
      if (output) addText(entry, 'system', output.replace(escapeCodes, ''), 'output');
    }
  }
  // At the end, since a message can come in thousands of entries.
  for (const message of byMessageId.values()) message.text = textOf(message.parts);
  for (const [id, part] of tools) {
    const aside = part.output === null ? resultOf(id) : undefined;
    if (aside) takeResults(aside, tools, limits);
  }
  return messages;
}

/** Puts the results that an entry holds into the tool calls that they belong to. */
function takeResults(
  entry: Entry,
  tools: Map<string, Extract<MessagePart, { type: 'tool' }>>,
  limits: Limits,
): void {
  for (const block of contentBlocks(entry)) {
    const tool = block.type === 'tool_result' ? tools.get(String(block.tool_use_id)) : undefined;
    if (!tool) continue;
    const output = toolOutput(block.content);
    const { text, clipped } = truncateText(output, limits.tool);
    tool.output = text;
    tool.is_error = block.is_error === true;
    const denied = tool.is_error
      ? parseDenial(entry.toolDenialKind, entry.permissionDecision, output)
      : undefined;
    if (denied) tool.denied = denied;
    if (clipped) tool.clipped = true;
    if (tool.at && entry.timestamp)
      tool.duration_ms = Math.max(0, Date.parse(entry.timestamp) - Date.parse(tool.at));
  }
}

function withoutReminders(block: ReturnType<typeof toBlocks>[number]) {
  if (block.type !== 'text') return block;
  const text = withoutNotes(String(block.text ?? ''));
  return text.trim() ? { ...block, text } : { type: 'none' };
}
