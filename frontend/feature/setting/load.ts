import { useEffect, useState } from 'preact/hooks';
import { link } from '../../state/live.ts';
import { runReported } from '../../state/session.ts';

/** What a part of the settings shows, read when it is opened, with the way to read it again. */
export function useLoaded<T>(read: () => Promise<T>): [T | null, () => Promise<void>] {
  const [value, setValue] = useState<T | null>(null);
  async function load(): Promise<void> {
    await runReported(async () => setValue(await read()));
  }
  const isLost = link.value === 'lost';
  // What could not be read is read when the line is back.
  useEffect(() => {
    if (value === null) void load();
  }, [isLost]);
  return [value, load];
}
