import type { Boot } from '../../contract/boot.ts';
import { readList } from '../store/read-store.ts';
import { clock } from '../ui/when.tsx';
import { deleteLeaving, setList } from './list.ts';
import { resync, startLive } from './live.ts';
import { startOutbox } from './outbox.ts';
import { followAddress, navigate, parseRoute, route } from './route.ts';
import { build, isListed, signedIn, user, wasSignedIn } from './session.ts';
import { openId, showSaved, startThread } from './thread.ts';

/** Takes up what the page was served with; the server does the same to draw the first screen. */
export function applyBoot(boot: Boot, path: string): void {
  build.value = boot.build;
  clock.value = Date.parse(boot.now);
  signedIn.value = boot.user !== null;
  isListed.value = boot.user !== null;
  user.value = boot.user;
  route.value = parseRoute(path);
  setList({ conversations: boot.conversations, prompts: boot.prompts });
  const asked = route.value.name === 'chat' ? route.value.id : null;
  startThread(boot.open?.id ?? asked ?? 'default', boot.open?.snapshot ?? null, boot.open?.page ?? null);
}

/** Without a boot the page was opened from this phone's own store: it shows what was read last. */
export async function takeSaved(): Promise<void> {
  followAddress();
  build.value = document.documentElement.dataset['build'] ?? '';
  clock.value = Date.now();
  const asked = route.value.name === 'chat' ? route.value.id : null;
  openId.value = asked ?? 'default';
  if (!wasSignedIn()) {
    signedIn.value = false;
    return;
  }
  const saved = await readList().catch(() => undefined);
  if (saved) {
    user.value = saved.user;
    signedIn.value = true;
    isListed.value = true;
    setList(saved);
  }
  if (asked === null) openId.value = saved?.conversations[0]?.id ?? 'default';
  await showSaved(openId.value);
}

/** Joins the page to the server, and to what the browser tells. */
export function startPage(boot: Boot | null): void {
  if (boot) followAddress();
  if (signedIn.value !== false) startLive(boot?.cursor ?? null);
  void startOutbox();
  // A notification was pressed while the page was open.
  navigator.serviceWorker?.addEventListener('message', ({ data }) => {
    if (data?.type === 'go' && typeof data.path === 'string') navigate(data.path);
  });
  document.addEventListener('visibilitychange', () => resync());
  addEventListener('pageshow', () => resync());
  addEventListener('online', () => resync({ isSure: true }));
  addEventListener('pagehide', deleteLeaving);
}
