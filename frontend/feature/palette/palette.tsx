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

/** Conversations and commands by their names. */
export function Palette({ run, onClose }: { run(name: CommandName): void; onClose(): void }) {
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const t = messages.value;
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
      label: t.commandNames[name],
      hint: keyOf(name),
      run: () => run(name),
    })),
  ];
  const found = entries
    .filter(({ label, hint }) => `${label} ${hint}`.toLowerCase().includes(query.toLowerCase()))
    .slice(0, maxShown);

  function take(entry: Entry | undefined): void {
    if (!entry) return;
    onClose();
    entry.run();
  }

  return (
    <Sheet title={t.commandNames.palette} onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-autocomplete="list"
        aria-controls="palette"
        aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        aria-label={t.commandNames.palette}
        autoFocus
        value={query}
        onInput={(event) => {
          setQuery(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
          if (step) {
            event.preventDefault();
            setChosen((chosen + step + found.length) % Math.max(1, found.length));
          } else if (event.key === 'Enter') {
            event.preventDefault();
            take(found[chosen]);
          }
        }}
      />
      <div class="suggestions" id="palette" role="listbox" aria-label={t.commandNames.palette}>
        {found.map((entry, index) => (
          <div
            key={entry.key}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            onClick={() => take(entry)}
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
