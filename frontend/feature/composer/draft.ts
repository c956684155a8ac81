import { signal } from '@preact/signals';
import { attachmentLimits } from '../../../contract/limits.ts';
import type { OutboxItem } from '../../store/database.ts';
import { isMounted } from '../../ui/mounted.ts';

const key = (id: string) => `draft:${id}`;

/** The unsent text of each conversation; it outlives the page. */
const texts = signal<Record<string, string>>({});

/** Files to send with it; they last as long as the page. */
const files = signal<Record<string, OutboxItem['files']>>({});

export function draftOf(id: string): string {
  if (!isMounted.value) return '';
  return texts.value[id] ?? localStorage.getItem(key(id)) ?? '';
}

/** Writing to the disk of the browser with each letter would hold up the next one. */
const saveAfterMs = 250;

const unsaved = new Set<string>();

function saveDrafts(): void {
  for (const id of unsaved) {
    const text = texts.value[id];
    try {
      if (text) localStorage.setItem(key(id), text);
      else localStorage.removeItem(key(id));
    } catch {
      // No room, or a private window: it lasts as long as the page.
    }
  }
  unsaved.clear();
}

export function setDraft(id: string, text: string): void {
  texts.value = { ...texts.value, [id]: text };
  if (!unsaved.size) setTimeout(saveDrafts, saveAfterMs);
  unsaved.add(id);
}

/** The page may be closed in a moment: what was typed is saved now. */
export function keepDrafts(): void {
  addEventListener('pagehide', saveDrafts);
  document.addEventListener('visibilitychange', saveDrafts);
}

export const filesOf = (id: string): OutboxItem['files'] => files.value[id] ?? [];

export function setFiles(id: string, some: OutboxItem['files']): void {
  files.value = { ...files.value, [id]: some };
}

/** Adds files to the draft. False if one is empty or they are too large together: then none is added. */
export function addFiles(id: string, added: Iterable<File>): boolean {
  const more = Array.from(added, (file) => ({
    name: file.name || `${file.type.replace('/', '.')}`,
    type: file.type,
    blob: file as Blob,
  }));
  const all = [...filesOf(id), ...more];
  const bytes = all.reduce((sum, { blob }) => sum + blob.size, 0);
  if (bytes > attachmentLimits.bytes || more.some(({ blob }) => blob.size === 0)) return false;
  if (more.length) setFiles(id, all);
  return true;
}

/** Appends a text to the draft. */
export function appendDraft(id: string, text: string): void {
  const before = draftOf(id);
  setDraft(id, before && !/\s$/.test(before) ? `${before} ${text}` : before + text);
}
