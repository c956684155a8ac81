/** Something that can be done by its name or by a key. */
export type CommandName =
  | 'palette'
  | 'help'
  | 'newConversation'
  | 'conversations'
  | 'needsYou'
  | 'settings'
  | 'write'
  | 'stop'
  | 'quiet'
  | 'next'
  | 'previous';

/** The keys outside of a field; `mod` is Ctrl, on a Mac ⌘, and holds in fields too. */
export const shortcuts: Readonly<Record<CommandName, { key: string; mod?: true }>> = {
  palette: { key: 'k', mod: true },
  help: { key: '?' },
  newConversation: { key: 'n' },
  conversations: { key: 'o' },
  needsYou: { key: 'i' },
  settings: { key: ',' },
  write: { key: 'c' },
  stop: { key: 'x' },
  quiet: { key: 'q' },
  next: { key: 'j' },
  previous: { key: 'k' },
};

type Pressed = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing'>;

/** The command of a key. In a field, letters are text. */
export function commandOf(
  { key, ctrlKey, metaKey, altKey, isComposing }: Pressed,
  isInField: boolean,
): CommandName | null {
  if (altKey || isComposing) return null;
  const isMod = ctrlKey || metaKey;
  if (isInField && !isMod) return null;
  const found = Object.entries(shortcuts).find(
    ([, shortcut]) => shortcut.key === key.toLowerCase() && (shortcut.mod ?? false) === isMod,
  );
  return found ? (found[0] as CommandName) : null;
}
