import type { HistoryMessage, MessagePart } from '../../contract/message.ts';
import { parseDenial } from './denial.ts';
import { contentBlocks, type Entry, plainText, taskNotice, withoutNotes } from './entry.ts';
import { type Limits, shownLimits, textOf, toBlocks, toolOutput, toPart } from './message-part.ts';
import { truncateText } from './truncate.ts';

type Kind = HistoryMessage['kind'];
type ToolPart = Extract<MessagePart, { type: 'tool' }>;
type Block = ReturnType<typeof toBlocks>[number];

/** The content of the first tag of a name. A pattern would search for the end of each unclosed tag. */
function readTag(name: string, text: string): string | undefined {
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
  const folder = new MessageFolder(limits);
  for (const entry of entries) folder.foldEntry(entry);
  return folder.finish(resultOf);
}

class MessageFolder {
  readonly #limits: Limits;
  readonly #messages: HistoryMessage[] = [];
  readonly #tools = new Map<string, ToolPart>();
  readonly #byMessageId = new Map<string, HistoryMessage>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  foldEntry(entry: Entry): void {
    if (entry.type === 'assistant') this.#foldAssistant(entry);
    else if (entry.type === 'user') this.#foldUser(entry);
    else if (entry.type === 'attachment') this.#foldAttachment(entry);
    else if (entry.subtype === 'compact_boundary')
      this.#addText(entry, 'system', 'The conversation was compacted.', 'compaction');
    else if (entry.subtype === 'local_command') {
      const output = readTag('local-command-stdout', String(entry.content ?? ''));
      if (output) this.#addText(entry, 'system', output.replace(escapeCodes, ''), 'output');
    }
  }

  finish(resultOf: (toolId: string) => Entry | undefined): HistoryMessage[] {
    // At the end, since a message can come in thousands of entries.
    for (const message of this.#byMessageId.values()) message.text = textOf(message.parts);
    for (const [id, part] of this.#tools) {
      const entry = part.output === null ? resultOf(id) : undefined;
      if (entry) this.#addResults(entry);
    }
    return this.#messages;
  }

  #foldAssistant(entry: Entry): void {
    // The CLI writes these after an interrupted turn, so that the roles alternate.
    if (entry.message?.model === '<synthetic>' && !entry.isApiErrorMessage) return;
    const parts = this.#toParts(contentBlocks(entry));
    for (const part of parts) {
      if (part.type !== 'tool') continue;
      this.#tools.set(part.id, part);
      if (entry.timestamp) part.at = entry.timestamp;
    }
    const existing = this.#byMessageId.get(entry.message?.id ?? '');
    if (existing) {
      for (const part of parts) existing.parts.push(part);
      return;
    }
    const message = this.#addMessage(
      entry,
      'assistant',
      parts,
      entry.isApiErrorMessage ? 'error' : undefined,
    );
    if (entry.message?.model) message.model = entry.message.model;
    if (entry.message?.id) this.#byMessageId.set(entry.message.id, message);
  }

  #foldUser(entry: Entry): void {
    this.#addResults(entry);
    if (entry.isMeta) return;
    const text = plainText(entry);
    const notice = taskNotice(entry);
    const command = readTag('command-name', text);
    const output = readTag('local-command-stdout', text) ?? readTag('local-command-stderr', text);
    if (notice !== null) {
      const summary = readTag('summary', notice) ?? 'Background work ended.';
      this.#addText(entry, 'system', summary, 'background');
    } else if (command)
      this.#addText(entry, 'user', `${command} ${readTag('command-args', text) ?? ''}`.trim(), 'command');
    else if (output !== undefined) this.#addText(entry, 'system', output.replace(escapeCodes, ''), 'output');
    else if (entry.isCompactSummary) this.#addText(entry, 'system', withoutNotes(text), 'summary');
    else if (/^\[Request interrupted by user/.test(text))
      this.#addText(entry, 'system', 'Stopped.', 'output');
    else this.#addUserParts(entry, contentBlocks(entry).map(withoutReminders));
  }

  #foldAttachment(entry: Entry): void {
    const { attachment } = entry;
    if (attachment?.type === 'queued_command' && attachment.commandMode === 'prompt')
      this.#addUserParts(entry, toBlocks(attachment.prompt));
  }

  #addUserParts(entry: Entry, blocks: readonly Block[]): void {
    const parts = this.#toParts(blocks);
    if (parts.length) this.#addMessage(entry, 'user', parts);
  }

  #toParts(blocks: readonly Block[]): MessagePart[] {
    return blocks.map((block) => toPart(block, this.#limits)).filter((part) => part !== null);
  }

  #addText(entry: Entry, role: HistoryMessage['role'], text: string, kind?: Kind): void {
    this.#addMessage(entry, role, [{ type: 'text', ...truncateText(text, this.#limits.text) }], kind);
  }

  #addMessage(entry: Entry, role: HistoryMessage['role'], parts: MessagePart[], kind?: Kind): HistoryMessage {
    const message: HistoryMessage = {
      id: String(entry.uuid),
      role,
      at: entry.timestamp ?? '',
      text: textOf(parts),
      parts,
    };
    if (kind) message.kind = kind;
    this.#messages.push(message);
    return message;
  }

  /** Adds the results that an entry holds to their tool calls. */
  #addResults(entry: Entry): void {
    for (const block of contentBlocks(entry)) {
      const tool = block.type === 'tool_result' ? this.#tools.get(String(block.tool_use_id)) : undefined;
      if (tool) addResult(tool, entry, block, this.#limits);
    }
  }
}

function addResult(tool: ToolPart, entry: Entry, block: Block, limits: Limits): void {
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

function withoutReminders(block: Block) {
  if (block.type !== 'text') return block;
  const text = withoutNotes(String(block.text ?? ''));
  return text.trim() ? { ...block, text } : { type: 'none' };
}
