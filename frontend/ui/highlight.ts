import bash from 'highlight.js/lib/languages/bash';
import css from 'highlight.js/lib/languages/css';
import diff from 'highlight.js/lib/languages/diff';
import go from 'highlight.js/lib/languages/go';
import java from 'highlight.js/lib/languages/java';
import json from 'highlight.js/lib/languages/json';
import markdown from 'highlight.js/lib/languages/markdown';
import python from 'highlight.js/lib/languages/python';
import rust from 'highlight.js/lib/languages/rust';
import sql from 'highlight.js/lib/languages/sql';
import typescript from 'highlight.js/lib/languages/typescript';
import xml from 'highlight.js/lib/languages/xml';
import yaml from 'highlight.js/lib/languages/yaml';
import { createLowlight } from 'lowlight';
import { type ComponentChildren, h } from 'preact';

const lowlight = createLowlight({
  bash,
  css,
  diff,
  go,
  java,
  json,
  markdown,
  python,
  rust,
  sql,
  typescript,
  xml,
  yaml,
});
lowlight.registerAlias({
  typescript: ['js', 'javascript', 'jsx', 'tsx', 'ts', 'mjs'],
  bash: ['sh', 'shell', 'zsh', 'console'],
  xml: ['html', 'svg', 'vue'],
});

type Node = { type: string; value?: string; children?: Node[]; properties?: { className?: string[] } };

const toNodes = (nodes: readonly Node[]): ComponentChildren =>
  nodes.map((node, index) =>
    node.type === 'text'
      ? node.value
      : h('span', { key: index, class: node.properties?.className?.join(' ') }, toNodes(node.children ?? [])),
  );

/** Code as coloured elements; null for a language that is not known here. */
export function highlight(text: string, language: string): ComponentChildren | null {
  if (!lowlight.registered(language.toLowerCase())) return null;
  return toNodes(lowlight.highlight(language.toLowerCase(), text).children as Node[]);
}
