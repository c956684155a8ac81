/** The main line of a transcript, as a list into which branches are put. No step looks at the whole of it. */
export function createLine(uuids: readonly string[]) {
  let first: string | undefined;
  const next = new Map<string, string | undefined>();
  /**
   * Where a run is known to end, seen from an entry of it. Nothing is put inside of a run, so that stays
   * true.
   */
  const runEnds = new Map<string, string>();

  const after = (uuid: string | null): string | undefined => (uuid === null ? first : next.get(uuid));

  function insert(path: readonly string[], behind: string | null): void {
    const rest = after(behind);
    let last = behind;
    for (const uuid of path) {
      if (last === null) first = uuid;
      else next.set(last, uuid);
      last = uuid;
    }
    if (last !== null && path.length) next.set(last, rest);
  }

  insert(uuids, null);
  return {
    /** The entry behind one; the first one for null. */
    after,
    /** Puts entries behind one, or at the beginning. */
    insert,
    /** The last entry that must not be parted from this one. */
    endOfRun(uuid: string, isPair: (before: string, uuid: string) => boolean): string {
      const passed: string[] = [];
      let end = uuid;
      for (;;) {
        const known = runEnds.get(end);
        const following = next.get(end);
        passed.push(end);
        if (known !== undefined && known !== end) end = known;
        else if (following !== undefined && isPair(end, following)) end = following;
        else break;
      }
      for (const one of passed) runEnds.set(one, end);
      return end;
    },
    inOrder(): string[] {
      const all: string[] = [];
      for (let at = first; at !== undefined; at = next.get(at)) all.push(at);
      return all;
    },
  };
}
