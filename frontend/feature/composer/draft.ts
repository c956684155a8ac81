import { signal } from '@preact/signals';
import { attachmentLimits } from '../../../contract/limits.ts';
import type { OutboxItem } from '../../store/database.ts';
import { isMounted } from '../../ui/mounted.ts';

const key = (id: string) => `draft:${id}`;

/** The text that was begun in each conversation; it outlives the page. */
const texts = signal<Record<string, string>>({});

/** Files that are to go with it; they live as long as the page. */
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
      // No room, or a private window: it is kept as long as the page.
    }
  }
  unsaved.clear();
}

export function setDraft(id: string, text: string): void {
  texts.value = { ...texts.value, [id]: text };
  if (!unsaved.size) setTimeout(saveDrafts, saveAfterMs);
  unsaved.add(id);
}

/** The page may be gone in a moment: what is typed is kept now. */
export function keepDrafts(): void {
  addEventListener('pagehide', saveDrafts);
  document.addEventListener('visibilitychange', saveDrafts);
}

export const filesOf = (id: string): OutboxItem['files'] => files.value[id] ?? [];

export function setFiles(id: string, some: OutboxItem['files']): void {
  files.value = { ...files.value, [id]: some };
}

/** Takes files up as a person gave them. False where one is empty, or they are too large together: then none is taken. */
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

/** Puts words behind those that are there. */
export function appendDraft(id: string, text: string): void {
  const before = draftOf(id);
  setDraft(id, before && !/\s$/.test(before) ? `${before} ${text}` : before + text);
}
