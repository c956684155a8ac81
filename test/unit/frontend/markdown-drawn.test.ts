import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { expect } from 'vitest';
import { MarkdownBlocks } from '../../../frontend/ui/markdown-blocks.tsx';
import { verifies } from '../../requirement/verifies.ts';

/** Ordinary texts with what `marked` 18.2.1 made of them, which drew them before. */
const samples = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', '..', 'fixture', 'markdown.json'), 'utf8'),
) as {
  source: string;
  html: string;
}[];

const draw = (text: string) =>
  renderToString(h(MarkdownBlocks, { text })).replaceAll(/<div class="code-head">.*?<\/button><\/div>/g, '');
const inside = (text: string) =>
  draw(text).replace(/^<div class="markdown"><p dir="auto">(.*)<\/p><\/div>$/s, '$1');

verifies('page.logic', 'draws ordinary Markdown as people know it', () => {
  for (const { source, html } of samples) expect(draw(source), source).toBe(html);
});

verifies('page.logic', 'knows emphasis beside letters of scripts that put no spaces between words', () => {
  expect(inside('含**「重点」**内容')).toBe('含<strong>「重点」</strong>内容');
  expect(inside('**"배포"**를 했다')).toBe('<strong>&quot;배포&quot;</strong>를 했다');
  expect(inside('**历经10年，**年')).toBe('<strong>历经10年，</strong>年');
});

verifies(
  'page.logic',
  'shows the rest of an unreadable text as written, and says how much it does not show',
  () => {
    const hostile = ['*a_', '[a](b ', '> ', '- ', '* ', '`a', '<a ', '![', '~~a', '| a ', '_ '];
    const letters = (html: string) => html.replaceAll(/<[^>]*>/g, '').replaceAll(/[^a]/g, '').length;
    const button = /<button type="button" class="cut">… ([\d,]+) more characters – Show all<\/button>/;
    for (const fragment of hostile) {
      const text = `${fragment.repeat(20_000)}a`;
      const html = draw(text);
      const left = Number(button.exec(html)?.[1]?.replaceAll(',', '') ?? 0);
      if (fragment === '*a_') expect(left).toBeGreaterThan(0);
      expect(letters(html.replace(button, '')), fragment).toBe(
        text.slice(0, text.length - left).replaceAll(/[^a]/g, '').length,
      );
    }
    expect(draw(`**first**\n\n${'*a_'.repeat(10_000)}`)).toContain('<strong>first</strong>');
  },
);
