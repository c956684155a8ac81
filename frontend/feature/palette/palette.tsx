import { useState } from 'preact/hooks';
import { messages } from '../../i18n/messages.ts';
import { rows } from '../../state/list.ts';
import { conversationPath, navigate } from '../../state/route.ts';
import { Sheet } from '../../ui/sheet.tsx';
import { type CommandName, shortcuts } from './commands.ts';

type Entry = { key: string; label: string; hint: string; run(): void };

const maxShown = 12;

const keyOf = (name: CommandName) =>
  `${shortcuts[name].mod ? 'Ctrl ' : ''}${shortcuts[name].key.toUpperCase()}`;

/** Conversations and commands whose name or project contains a text. */
function findEntries(query: string, run: (name: CommandName) => void): Entry[] {
  const { commandNames } = messages.value;
  const commands = (Object.keys(shortcuts) as CommandName[]).filter((name) => name !== 'palette');
  const entries: Entry[] = [
    ...rows.value.map((row) => ({
      key: row.id,
      label: row.title,
      hint: row.project,
      run: () => navigate(conversationPath(row.id)),
    })),
    ...commands.map((name) => ({
      key: `command ${name}`,
      label: commandNames[name],
      hint: keyOf(name),
      run: () => run(name),
    })),
  ];
  return entries
    .filter(({ label, hint }) => `${label} ${hint}`.toLowerCase().includes(query.toLowerCase()))
    .slice(0, maxShown);
}

/** Conversations and commands by their names. */
export function Palette({ run, onClose }: { run(name: CommandName): void; onClose(): void }) {
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const title = messages.value.commandNames.palette;
  const entries = findEntries(query, run);

  function runEntry(entry: Entry | undefined): void {
    if (!entry) return;
    onClose();
    entry.run();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (!step && event.key !== 'Enter') return;
    event.preventDefault();
    if (step) setChosen((chosen + step + entries.length) % Math.max(1, entries.length));
    else runEntry(entries[chosen]);
  }

  return (
    <Sheet title={title} onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls="palette"
        aria-activedescendant={entries[chosen] ? `palette-${chosen}` : undefined}
        aria-label={title}
        autoFocus
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div class="suggestions" id="palette" role="listbox" aria-label={title}>
        {entries.map((entry, index) => (
          <div
            key={entry.key}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => runEntry(entry)}
          >
            <span dir="auto">{entry.label}</span> <small>{entry.hint}</small>
          </div>
        ))}
      </div>
    </Sheet>
  );
}

/** All keys. */
export function Help({ onClose }: { onClose(): void }) {
  const t = messages.value;
  return (
    <Sheet title={t.commandNames.help} onClose={onClose}>
      <dl class="keys">
        {(Object.keys(shortcuts) as CommandName[]).map((name) => (
          <div key={name}>
            <dt>{t.commandNames[name]}</dt>
            <dd>
              <kbd>{keyOf(name)}</kbd>
            </dd>
          </div>
        ))}
        <div>
          <dt>{t.sendNow}</dt>
          <dd>
            <kbd>Ctrl Enter</kbd>
          </dd>
        </div>
      </dl>
    </Sheet>
  );
}
