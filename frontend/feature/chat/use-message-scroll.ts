import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { openId, showOlder, thread } from '../../state/thread.ts';
import { isMounted } from '../../ui/mounted.ts';

/** How near to its end the list must be to follow new messages. */
const nearPx = 60;

/** The gap above a card that was scrolled to the top. */
const cardGapPx = 8;

/** How near to its start the list asks for older messages. */
const olderPx = 600;

/** Which card was scrolled to the top, and where; `top` is null as soon as a person scrolls. */
type Placed = { card: Element; top: number | null };

type MessageScroll = {
  box: { current: HTMLElement | null };
  /** Whether a person has scrolled away from the newest message. */
  isAway: boolean;
  onScroll(): void;
  loadOlder(): Promise<void>;
  scrollToEnd(): void;
};

const distanceFromEnd = (list: HTMLElement) => list.scrollHeight - list.scrollTop - list.clientHeight;

/** Keeps the list of messages at its end while a person reads there, and in its place while they read above. */
export function useMessageScroll(): MessageScroll {
  const box = useRef<HTMLElement>(null);
  const follows = useRef(true);
  const placed = useRef<Placed | null>(null);
  const [isAway, setAway] = useState(false);
  const id = openId.value;

  const toEnd = () => {
    placed.current = scrollToNewest(box.current, placed.current);
  };
  const follow = (isFollowing: boolean) => {
    follows.current = isFollowing;
    setAway(!isFollowing);
    if (isFollowing) toEnd();
  };
  useLayoutEffect(() => {
    const list = box.current;
    // A person who scrolled in the drawn page before its script was there is reading above.
    const isAbove =
      !isMounted.peek() && list !== null && list.scrollTop > 0 && distanceFromEnd(list) > nearPx;
    follow(!isAbove);
  }, [id]);
  useLayoutEffect(() => {
    if (follows.current) toEnd();
  });
  useResize(box, () => follows.current && toEnd());
  const loadOlder = useOlder(box, follows, toEnd);

  function onScroll(): void {
    const list = box.current;
    if (!list || list.scrollTop === placed.current?.top) return;
    if (placed.current) placed.current.top = null;
    follows.current = distanceFromEnd(list) < nearPx;
    setAway(!follows.current);
    if (list.scrollTop < olderPx && thread.value?.before) void loadOlder();
  }

  return { box, isAway, onScroll, loadOlder, scrollToEnd: () => follow(true) };
}

/** Some things grow without being drawn again: pictures, code that gets its colors, the keyboard that comes up. */
function useResize(box: { current: HTMLElement | null }, onResize: () => void): void {
  useEffect(() => {
    const list = box.current;
    if (!list) return;
    const observer = new ResizeObserver(onResize);
    observer.observe(list);
    if (list.firstElementChild) observer.observe(list.firstElementChild);
    return () => observer.disconnect();
  }, []);
}

/** Loads older messages above, and keeps what is read in its place. */
function useOlder(
  box: { current: HTMLElement | null },
  follows: { current: boolean },
  toEnd: () => void,
): () => Promise<void> {
  const isLoading = useRef(false);
  const current = thread.value;

  async function loadOlder(): Promise<void> {
    const list = box.current;
    if (!list || isLoading.current) return;
    isLoading.current = true;
    // A conversation that was shorter than the screen stays at its end.
    const isAtEnd = follows.current && list.scrollHeight <= list.clientHeight;
    const first = current?.messages[0]?.id;
    const below = list.scrollHeight - list.scrollTop;
    await showOlder();
    if (thread.value?.messages[0]?.id === first) {
      isLoading.current = false;
      return;
    }
    follows.current = isAtEnd;
    // Browsers that keep the place themselves (scroll anchoring) are not changed by this.
    requestAnimationFrame(() => {
      if (isAtEnd) toEnd();
      else list.scrollTop = list.scrollHeight - below;
      isLoading.current = false;
    });
  }

  // A page of history can lie within the running turn, or be shorter than the screen: then nothing can be scrolled.
  useEffect(() => {
    const list = box.current;
    if (list && current?.before && list.scrollHeight <= list.clientHeight) void loadOlder();
  }, [current?.before, openId.value]);
  return loadOlder;
}

/** Scrolls to the end, or to the top of a card that waits for a person: it is read from its first line on. */
function scrollToNewest(list: HTMLElement | null, placed: Placed | null): Placed | null {
  const card = list?.querySelector('.prompt');
  if (!list || (card && placed?.card === card && placed.top === null)) return placed;
  list.scrollTo(0, list.scrollHeight);
  if (!card) return null;
  const hidden = list.getBoundingClientRect().top + cardGapPx - card.getBoundingClientRect().top;
  if (hidden > 0) list.scrollTop -= hidden;
  return { card, top: list.scrollTop };
}
