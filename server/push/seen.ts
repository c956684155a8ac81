/** So many conversations are remembered. */
const maxKept = 500;

/**
 * How far visible pages have shown each conversation: they say so themselves, since an open socket proves
 * nothing.
 */
export function createSeen() {
  const shown = new Map<string, number>();
  return {
    note(convId: string, eventId: number): void {
      const before = shown.get(convId) ?? 0;
      shown.delete(convId);
      shown.set(convId, Math.max(before, eventId));
      if (shown.size > maxKept) shown.delete(shown.keys().next().value as string);
    },
    upTo: (convId: string): number => shown.get(convId) ?? 0,
  };
}

export type Seen = ReturnType<typeof createSeen>;
