/** The addresses of the page, by the screen that each opens. Paths have Express's `:name` parameters. */
export const pagePaths = {
  chat: ['/', '/c/:id'],
  settings: ['/settings', '/settings/:part'],
  sessions: ['/sessions', '/sessions/:id'],
  pair: ['/pair'],
  share: ['/share'],
} as const satisfies Record<string, readonly string[]>;

export type PageScreen = keyof typeof pagePaths;

/** The screen of an address and its parameter, or null if the page has no such address. */
export function matchPagePath(path: string): { screen: PageScreen; param: string | null } | null {
  const asked = path.split('/');
  if (asked.length > 2 && !asked.at(-1)) asked.pop();
  for (const [screen, patterns] of Object.entries(pagePaths)) {
    for (const pattern of patterns) {
      const parts = pattern.split('/');
      if (parts.length !== asked.length) continue;
      const fits = parts.every((part, index) =>
        part.startsWith(':') ? asked[index] : part === asked[index],
      );
      if (fits)
        return {
          screen: screen as PageScreen,
          param: parts.at(-1)?.startsWith(':') ? (asked.at(-1) ?? null) : null,
        };
    }
  }
  return null;
}
