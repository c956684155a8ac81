import type { Token, Tokens } from 'marked';
import { Component as Base, type ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { words } from '../word/words.ts';
import { type Block as BlockOf, type Blocks, safeHref, toBlocks } from './blocks.ts';
import { Code } from './code.tsx';

/**
 * A Markdown text as elements. HTML in it is shown as the text that it is: no string ever becomes markup.
 * While the text grows, only its last block is drawn again.
 */
export function MarkdownBlocks({ text }: { text: string }) {
  const known = useRef<Blocks | undefined>(undefined);
  known.current = toBlocks(text, known.current);
  return (
    <div class="markdown">
      {known.current.blocks.map((block, index) => (
        <MemoBlock key={index} block={block} />
      ))}
    </div>
  );
}

class MemoBlock extends Base<{ block: BlockOf }> {
  override shouldComponentUpdate(next: { block: BlockOf }): boolean {
    return next.block.raw !== this.props.block.raw;
  }
  override render() {
    return block(this.props.block.token);
  }
}

const inlineOf = (token: { tokens?: Token[] | undefined; text?: string }): ComponentChildren =>
  token.tokens ? token.tokens.map(inline) : token.text;

function block(token: Token): ComponentChildren {
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'heading':
      // One level for all: where a text skips levels, the order of the page's own headings would be broken.
      return (
        <h3 class={`depth-${(token as Tokens.Heading).depth}`} dir="auto">
          {inlineOf(token as Tokens.Heading)}
        </h3>
      );
    case 'code': {
      const { text, lang } = token as Tokens.Code;
      return <Code text={text} language={/^[\w+#-]+/.exec(lang ?? '')?.[0] ?? ''} />;
    }
    case 'blockquote':
      return <blockquote dir="auto">{(token as Tokens.Blockquote).tokens.map(block)}</blockquote>;
    case 'hr':
      return <hr />;
    case 'list':
      return list(token as Tokens.List);
    case 'table':
      return table(token as Tokens.Table);
    case 'text':
      return <p dir="auto">{inlineOf(token as Tokens.Text)}</p>;
    case 'paragraph':
      return <p dir="auto">{inlineOf(token as Tokens.Paragraph)}</p>;
    default:
      return <p>{token.raw}</p>;
  }
}

function list({ ordered, start, items }: Tokens.List) {
  const rows = items.map((item, index) => (
    <li key={index}>
      {item.task && <input type="checkbox" checked={item.checked ?? false} disabled aria-label={item.checked ? '☑' : '☐'} />}
      {item.tokens.map((token) => (token.type === 'text' ? inlineOf(token as Tokens.Text) : token.type === 'checkbox' ? null : block(token)))}
    </li>
  ));
  return ordered ? (
    <ol start={start || 1} dir="auto">
      {rows}
    </ol>
  ) : (
    <ul dir="auto">{rows}</ul>
  );
}

function table({ header, rows, align }: Tokens.Table) {
  const side = (index: number) => (align[index] ? `align-${align[index]}` : undefined);
  return (
    <div class="table" tabIndex={0} role="group" aria-label={words.value.table}>
      <table>
        <thead>
          <tr>
            {header.map((cell, index) => (
              <th key={index} class={side(index)}>
                {inlineOf(cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} class={side(column)}>
                  {inlineOf(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(token: Token): ComponentChildren {
  switch (token.type) {
    case 'strong':
      return <strong>{inlineOf(token as Tokens.Strong)}</strong>;
    case 'em':
      return <em>{inlineOf(token as Tokens.Em)}</em>;
    case 'del':
      return <del>{inlineOf(token as Tokens.Del)}</del>;
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>;
    case 'br':
      return <br />;
    case 'link':
    case 'image': {
      // A picture of another host would tell that host who reads; its address is shown as a link.
      const { href, text } = token as Tokens.Link;
      const words = token.type === 'link' ? inlineOf(token as Tokens.Link) : text || href;
      const safe = safeHref(href);
      return safe === null ? (
        <span>{words}</span>
      ) : (
        <a href={safe} target="_blank" rel="noopener noreferrer">
          {words}
        </a>
      );
    }
    case 'escape':
      return (token as Tokens.Escape).text;
    case 'text':
      return (token as Tokens.Text).tokens ? inlineOf(token as Tokens.Text) : (token as Tokens.Text).text;
    default:
      return token.raw;
  }
}
