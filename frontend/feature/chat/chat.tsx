import type { ComponentChildren, ComponentType } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import { messages } from '../../i18n/messages.ts';
import { list } from '../../state/list.ts';
import { shownOutgoing } from '../../state/outbox.ts';
import { isLoading, openId, thread } from '../../state/thread.ts';
import type { Thread } from '../../state/thread-reducer.ts';
import { Background } from './background.tsx';
import { History } from './history.tsx';
import { Ended, Failed, Live, NewestWarnings } from './live.tsx';
import { useMessageScroll } from './use-message-scroll.ts';
import { toRows } from './view.ts';
import { Outgoing, Queued } from './waiting.tsx';
import './chat.css';

type InTerminalCard = ComponentType<{ snapshot: ConversationSnapshot }>;

/** What other features put into the chat: the prompts of the conversation, and the card of its terminal. */
type ChatProps = { prompts: ComponentChildren; InTerminal: InTerminalCard };

/** The open conversation: its history, the running turn, and what waits. */
export function Chat({ prompts, InTerminal }: ChatProps) {
  const { box, isAway, onScroll, loadOlder, scrollToEnd } = useMessageScroll();
  const current = thread.value;
  const t = messages.value;
  return (
    <div class="chat">
      <section class="messages" ref={box} onScroll={onScroll} aria-label={t.messages} tabIndex={0}>
        <div class="messages-body">
          {current?.before && (
            <button type="button" class="plain" onClick={() => void loadOlder()}>
              {t.older}
            </button>
          )}
          {current ? <Rows thread={current} prompts={prompts} InTerminal={InTerminal} /> : <EmptyNote />}
          {shownOutgoing.value.map((item) => (
            <Outgoing key={item.id} item={item} />
          ))}
        </div>
      </section>
      {isAway && (
        <button type="button" class="newest" onClick={scrollToEnd}>
          {t.newest} ↓
        </button>
      )}
    </div>
  );
}

/** Why no message is shown. */
function EmptyNote() {
  const t = messages.value;
  const isNew = !list.value.conversations.some((row) => row.id === openId.value);
  const loading = isLoading.value ? '' : t.notHere;
  return <p class="quiet-line empty">{isNew ? t.empty : loading}</p>;
}

function Rows({ thread: current, prompts, InTerminal }: ChatProps & { thread: Thread }) {
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
