import { Component as Base, type ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { messages } from '../i18n/messages.ts';
import { type SourceBlock, safeHref } from './blocks.ts';
import { Code } from './code.tsx';
import { type Drawn, drawGrowing, drawPaused } from './drawn-blocks.ts';
import { LongText } from './long-text.tsx';
import type { Block, List } from './markdown/block-type.ts';
import { parseInline } from './markdown/inline.ts';
import type { Definitions } from './markdown/inline-rule.ts';
import type { Inline } from './markdown/nodes.ts';
import type { Table } from './markdown/table.ts';

/** When nothing has come for this long, a text is read to its end. */
const pauseMs = 250;

/** What to draw of a text now. While it grows, only its end is read again. */
function useDrawn(text: string): Drawn {
  const drawn = useRef<Drawn | undefined>(undefined);
  const [, setPaused] = useState<string | null>(null);
  if (!drawn.current || drawn.current.known.source + drawn.current.rest !== text) {
    drawn.current = drawGrowing(text, drawn.current);
  }
  useEffect(() => {
    const timer = drawn.current?.rest ? setTimeout(readRest, pauseMs) : undefined;
    return () => clearTimeout(timer);
  }, [text]);
  function readRest(): void {
    if (drawn.current) drawn.current = drawPaused(drawn.current);
    setPaused(text);
  }
  return drawn.current;
}

/**
 * A Markdown text as elements. HTML in it is shown as the text that it is: no string ever becomes markup.
 * While the text grows, only its last block is drawn again.
 */
export function MarkdownBlocks({ text }: { text: string }) {
  const { known, count, rest } = useDrawn(text);
  const { blocks, definitions } = known;
  const written = blocks.slice(count).map(({ raw }) => raw);
  return (
    <div class="markdown">
      {blocks.slice(0, count).map((block, index) => (
        <MemoBlock key={index} source={block} definitions={definitions} />
      ))}
      {(written.length > 0 || rest) && (
        <p class="written">
          <LongText text={written.join('') + rest} />
        </p>
      )}
    </div>
  );
}

type MemoProps = { source: SourceBlock; definitions: Definitions };

class MemoBlock extends Base<MemoProps> {
  override shouldComponentUpdate(next: MemoProps): boolean {
    return next.source.raw !== this.props.source.raw;
  }
  override render() {
    const { source, definitions } = this.props;
    return source.block && drawBlock(source.block, definitions);
  }
}

function drawBlock(block: Block, definitions: Definitions): ComponentChildren {
  switch (block.type) {
    case 'heading':
      // One level for all: where a text skips levels, the order of the page's own headings would be broken.
      return (
        <h3 class={`depth-${block.depth}`} dir="auto">
          {drawText(block.text, definitions)}
        </h3>
      );
    case 'code':
      return <Code text={block.text} language={block.language} />;
    case 'quote':
      return <blockquote dir="auto">{block.blocks.map((inner) => drawBlock(inner, definitions))}</blockquote>;
    case 'rule':
      return <hr />;
    case 'list':
      return drawList(block, definitions);
    case 'table':
      return drawTable(block, definitions);
    case 'paragraph':
      return <p dir="auto">{drawText(block.text, definitions)}</p>;
    case 'html':
      return <p>{block.text}</p>;
  }
}

function drawList({ start, isLoose, items }: List, definitions: Definitions) {
  const rows = items.map((item, index) => (
    <li key={index}>
      {item.task !== null && (
        <input type="checkbox" checked={item.task} disabled aria-label={item.task ? '☑' : '☐'} />
      )}
      {item.blocks.map((block) =>
        block.type === 'paragraph' && !isLoose
          ? drawText(block.text, definitions)
          : drawBlock(block, definitions),
      )}
    </li>
  ));
  return start === null ? (
    <ul dir="auto">{rows}</ul>
  ) : (
    <ol start={start || 1} dir="auto">
      {rows}
    </ol>
  );
}

function drawTable({ header, rows, align }: Table, definitions: Definitions) {
  const side = (index: number) => (align[index] ? `align-${align[index]}` : undefined);
  return (
    <div class="table" tabIndex={0} role="group" aria-label={messages.value.table}>
      <table>
        <thead>
          <tr>
            {header.map((cell, index) => (
              <th key={index} class={side(index)}>
                {drawText(cell, definitions)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.slice(0, header.length).map((cell, column) => (
                <td key={column} class={side(column)}>
                  {drawText(cell, definitions)}
                </td>
              ))}
              {missingCell(header.length - row.length)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** One for all that a short row has not: each on its own, they could be sixty for each line of the text. */
const missingCell = (count: number) => count > 0 && <td colSpan={count > 1 ? count : undefined} />;

const drawText = (text: string, definitions: Definitions): ComponentChildren =>
  parseInline(text, definitions).map((part) => drawInline(part, false));

function drawInline(part: Inline, isInLink: boolean): ComponentChildren {
  switch (part.type) {
    case 'strong':
      return <strong>{part.children.map((inner) => drawInline(inner, isInLink))}</strong>;
    case 'emphasis':
      return <em>{part.children.map((inner) => drawInline(inner, isInLink))}</em>;
    case 'deleted':
      return <del>{part.children.map((inner) => drawInline(inner, isInLink))}</del>;
    case 'code':
      return <code>{part.text}</code>;
    case 'break':
      return <br />;
    case 'link': {
      const inner = part.children.map((child) => drawInline(child, true));
      if (isInLink) return inner;
      const safe = safeHref(part.href);
      return safe === null ? (
        <span>{inner}</span>
      ) : (
        <a href={safe} target="_blank" rel="noopener noreferrer">
          {inner}
        </a>
      );
    }
    case 'text':
      return part.text;
  }
}
