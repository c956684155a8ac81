import { useEffect, useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { messages } from '../../i18n/messages.ts';
import { menuOf } from './menu.ts';
import { type Asked, matchCommands } from './suggest.ts';

export type Suggestion = { value: string; about: string };

const limit = 8;

/** Letters that are typed fast ask once. */
const pauseMs = 120;

/** What fits to what is being typed. */
export function useSuggestions(id: string, asked: Asked | null): Suggestion[] {
  const [found, setFound] = useState<{ of: string; list: Suggestion[] }>({ of: '', list: [] });
  const key = asked ? `${id} ${asked.kind} ${asked.query}` : '';
  useEffect(() => {
    if (!asked) return;
    let isWanted = true;
    const timer = setTimeout(
      () =>
        find(id, asked).then(
          (list) => isWanted && setFound({ of: key, list }),
          () => {}, // Without a connection there is nothing to choose from.
        ),
      asked.kind === 'file' ? pauseMs : 0,
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [key]);
  return asked && (found.of === key || found.of.startsWith(`${id} ${asked.kind}`)) ? found.list : [];
}

async function find(id: string, { kind, query }: Asked): Promise<Suggestion[]> {
  if (kind === 'file') {
    const { files } = await call('listFiles', { params: { id }, query: { q: query, limit } });
    return files.map((value) => ({ value, about: '' }));
  }
  const { commands } = await menuOf(id);
  return matchCommands(commands, query, limit).map(({ name, description, argument_hint }) => ({
    value: name,
    about: [argument_hint, description].filter(Boolean).join(' · '),
  }));
}

/** The list over the box; the box itself says which row is chosen. */
export function Suggestions({
  list,
  chosen,
  choose,
}: {
  list: readonly Suggestion[];
  chosen: number;
  choose(value: string): void;
}) {
  return (
    <div class="suggestions" id="suggestions" role="listbox" aria-label={messages.value.suggestions}>
      {list.map(({ value, about }, index) => (
        <div
          key={value}
          id={`suggestion-${index}`}
          role="option"
          aria-selected={index === chosen}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => choose(value)}
        >
          <span dir="auto">{value}</span> <small>{about}</small>
        </div>
      ))}
    </div>
  );
}
