import { useState } from 'preact/hooks';
import { messages } from '../../i18n/messages.ts';
import { Icon } from '../../ui/icon.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { appendDraft, draftOf } from './draft.ts';

const key = 'snippets';

function read(): string[] {
  try {
    const value = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
  } catch {
    return [];
  }
}

/** Texts that are needed again and again: put into the box by one tap. */
export function Snippets({ id, onClose }: { id: string; onClose(): void }) {
  const [texts, setTexts] = useState(read);
  const t = messages.value;
  const draft = draftOf(id).trim();

  function save(next: string[]): void {
    localStorage.setItem(key, JSON.stringify(next));
    setTexts(next);
  }

  return (
    <Sheet title={t.snippets} onClose={onClose}>
      {!texts.length && <p class="quiet-line">{t.noSnippets}</p>}
      <ul class="rows">
        {texts.map((text) => (
          <li key={text}>
            <button
              type="button"
              class="plain row-main"
              dir="auto"
              onClick={() => {
                appendDraft(id, text);
                onClose();
              }}
            >
              {text}
            </button>
            <button
              type="button"
              class="plain"
              aria-label={t.removeSnippet}
              onClick={() => save(texts.filter((one) => one !== text))}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <button
        type="button"
        disabled={!draft || texts.includes(draft)}
        onClick={() => save([...texts, draft])}
      >
        {t.keepSnippet}
      </button>
    </Sheet>
  );
}
