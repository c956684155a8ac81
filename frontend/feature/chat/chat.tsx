import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import { list } from '../../state/list.ts';
import { shownOutgoing } from '../../state/outbox.ts';
import { isLoading, openId, showOlder, thread } from '../../state/thread.ts';
import type { Thread } from '../../state/thread-reducer.ts';
import { isMounted } from '../../ui/mounted.ts';
import { words } from '../../word/words.ts';
import { Background } from './background.tsx';
import { History } from './history.tsx';
import { Ended, Failed, Live, NewestWarnings } from './live.tsx';
import { toRows } from './view.ts';
import { Outgoing, Queued } from './waiting.tsx';
import './chat.css';

/** How near to its end the list must be to follow what comes. */
const nearPx = 60;

/** The air above a card that was brought to the top. */
const cardGapPx = 8;

/** How near to its start older messages are asked for. */
const olderPx = 600;

type InTerminalCard = ComponentType<{ snapshot: ConversationSnapshot }>;

/** The open conversation: its history, the turn that runs, and what waits. `prompts` is what a person is asked, `InTerminal` says that it is open in a terminal. */
export function Chat({ prompts, InTerminal }: { prompts: ComponentChildren; InTerminal: InTerminalCard }) {
  const box = useRef<HTMLElement>(null);
  const follows = useRef(true);
  const [isAway, setAway] = useState(false);
  const current = thread.value;
  const id = openId.value;
  const isNew = !list.value.conversations.some((row) => row.id === id);

  const placed = useRef<Placed | null>(null);
  const toEnd = () => {
    placed.current = scrollToNewest(box.current, placed.current);
  };
  useLayoutEffect(() => {
    const own = box.current;
    // Who has scrolled in the drawn page before its script was there reads above.
    const isAbove =
      !isMounted.peek() &&
      own !== null &&
      own.scrollTop > 0 &&
      own.scrollHeight - own.scrollTop - own.clientHeight > nearPx;
    follows.current = !isAbove;
    setAway(isAbove);
    if (!isAbove) toEnd();
  }, [id]);
  useLayoutEffect(() => {
    if (follows.current) toEnd();
  });
  // A page of history can lie within the running turn, or be shorter than the screen: then there is nothing to scroll.
  useEffect(() => {
    const own = box.current;
    if (own && current?.before && own.scrollHeight <= own.clientHeight) void older();
  }, [current?.before, id]);
  // What grows without being drawn anew: pictures, code that gets its colours, the keyboard that comes up.
  useEffect(() => {
    const own = box.current;
    if (!own) return;
    const observer = new ResizeObserver(() => {
      if (follows.current) toEnd();
    });
    observer.observe(own);
    if (own.firstElementChild) observer.observe(own.firstElementChild);
    return () => observer.disconnect();
  }, []);

  function noteScroll(): void {
    const own = box.current;
    if (!own || own.scrollTop === placed.current?.top) return;
    if (placed.current) placed.current.top = null;
    follows.current = own.scrollHeight - own.scrollTop - own.clientHeight < nearPx;
    setAway(!follows.current);
    if (own.scrollTop < olderPx && current?.before) void older();
  }

  const isReading = useRef(false);
  async function older(): Promise<void> {
    const own = box.current;
    if (!own || isReading.current) return;
    isReading.current = true;
    // A conversation that was shorter than the screen stays at its end.
    const isAtEnd = follows.current && own.scrollHeight <= own.clientHeight;
    const first = current?.messages[0]?.id;
    const below = own.scrollHeight - own.scrollTop;
    await showOlder();
    if (thread.value?.messages[0]?.id !== first) {
      follows.current = isAtEnd;
      // Where the browser keeps the place by itself (scroll anchoring) this changes nothing.
      requestAnimationFrame(() => {
        if (isAtEnd) toEnd();
        else own.scrollTop = own.scrollHeight - below;
        isReading.current = false;
      });
    } else isReading.current = false;
  }

  return (
    <div class="chat">
      <section
        class="messages"
        ref={box}
        onScroll={noteScroll}
        aria-label={words.value.messages}
        tabIndex={0}
      >
        <div class="messages-body">
          {current?.before && (
            <button type="button" class="plain" onClick={() => void older()}>
              {words.value.older}
            </button>
          )}
          {current ? (
            <Rows thread={current} prompts={prompts} InTerminal={InTerminal} />
          ) : (
            <p class="quiet-line empty">
              {isNew ? words.value.empty : isLoading.value ? '' : words.value.notHere}
            </p>
          )}
          {shownOutgoing.value.map((item) => (
            <Outgoing key={item.id} item={item} />
          ))}
        </div>
      </section>
      {isAway && (
        <button
          type="button"
          class="newest"
          onClick={() => {
            follows.current = true;
            setAway(false);
            toEnd();
          }}
        >
          {words.value.newest} ↓
        </button>
      )}
    </div>
  );
}

/** Which card was brought to the top, and where; `top` is null as soon as a person scrolls. */
type Placed = { card: Element; top: number | null };

/** Scrolls to the end, or to the top of a card that waits for a person: it is read from its first line on. */
function scrollToNewest(own: HTMLElement | null, placed: Placed | null): Placed | null {
  const card = own?.querySelector('.prompt');
  if (!own || (card && placed?.card === card && placed.top === null)) return placed;
  own.scrollTo(0, own.scrollHeight);
  if (!card) return null;
  const hidden = own.getBoundingClientRect().top + cardGapPx - card.getBoundingClientRect().top;
  if (hidden > 0) own.scrollTop -= hidden;
  return { card, top: own.scrollTop };
}

function Rows({
  thread: current,
  prompts,
  InTerminal,
}: {
  thread: Thread;
  prompts: ComponentChildren;
  InTerminal: InTerminalCard;
}) {
  const { messages, turns, ended, snapshot, before } = current;
  const rows = useMemo(() => toRows(messages, turns), [messages, turns]);
  const { project } = snapshot;
  const history = useMemo(
    () => <History rows={rows} project={project} hasBefore={before !== null} />,
    [rows, project, before],
  );
  return (
    <>
      {history}
      {ended.map((one) => (
        <Ended key={one.end.turn_id} ended={one} project={project} />
      ))}
      <Live snapshot={snapshot} />
      {prompts}
      <NewestWarnings thread={current} />
      <Failed thread={current} />
      <Background snapshot={snapshot} />
      {snapshot.in_terminal && <InTerminal snapshot={snapshot} />}
      {snapshot.queue.map((turn, index) => (
        <Queued key={turn.turn_id} turn={turn} isFirst={index === 0} />
      ))}
    </>
  );
}
