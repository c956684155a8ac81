import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { LiveTurn } from '../../../contract/turn.ts';
import { trouble } from '../../state/app-state.ts';
import { isConnected, showOlder, stopTurn, thread } from '../../state/thread.ts';
import type { Failure, Thread } from '../../state/thread-reducer.ts';
import { Text } from '../../ui/text.tsx';
import { Message } from './message.tsx';
import { PromptCard } from './prompt.tsx';
import { objectOf } from './tool-line.ts';
import './chat.css';

/** How near to its end the list must be to follow what comes. */
const nearPx = 80;

/** The messages of the open conversation, and its running turn. */
export function Chat() {
  const list = useRef<HTMLElement>(null);
  const follows = useRef(true);
  const current = thread.value;

  useLayoutEffect(() => {
    if (follows.current) list.current?.scrollTo(0, list.current.scrollHeight);
  });
  useEffect(() => {
    follows.current = true;
  }, [current?.snapshot.id]);

  function noteScroll(): void {
    const box = list.current;
    if (box) follows.current = box.scrollHeight - box.scrollTop - box.clientHeight < nearPx;
  }

  async function older(): Promise<void> {
    const box = list.current;
    const below = box ? box.scrollHeight - box.scrollTop : 0;
    follows.current = false;
    await showOlder();
    requestAnimationFrame(() => box?.scrollTo(0, box.scrollHeight - below));
  }

  return (
    <>
      {!isConnected.value && (
        <p class="quiet" role="status">
          Connection lost; trying again …
        </p>
      )}
      {trouble.value && (
        <p class="problem" role="alert">
          {trouble.value}
        </p>
      )}
      <section class="messages" ref={list} onScroll={noteScroll} aria-label="Messages">
        {current?.before && (
          <button type="button" onClick={() => void older()}>
            Older messages
          </button>
        )}
        {current ? <Messages thread={current} /> : <p class="quiet">Nothing was said here yet. Write the first message.</p>}
      </section>
    </>
  );
}

function Messages({ thread: { messages, failure, snapshot } }: { thread: Thread }) {
  return (
    <>
      {messages.map((message) => (
        <Message key={message.id} message={message} project={snapshot.project} />
      ))}
      {snapshot.turn && <Live turn={snapshot.turn} project={snapshot.project} isWaiting={snapshot.prompts.length > 0} />}
      {snapshot.steered.map((turn) => (
        <article key={turn.turn_id} class="message user" aria-label="user">
          <Text text={turn.message} />
        </article>
      ))}
      {snapshot.prompts.map((prompt) => (
        <PromptCard key={prompt.id} prompt={prompt} />
      ))}
      {failure && <Failed failure={failure} />}
      {snapshot.background.map((task) => (
        <p key={task.id} class="aside">
          In the background: {task.description}
        </p>
      ))}
      {snapshot.queue.map((turn) => (
        <article key={turn.turn_id} class="message user queued" aria-label="queued">
          <Text text={turn.message} />
          <button type="button" onClick={() => void stopTurn(turn.turn_id)}>
            Take back
          </button>
        </article>
      ))}
    </>
  );
}

function Live({ turn, project, isWaiting }: { turn: LiveTurn; project: string; isWaiting: boolean }) {
  return (
    <>
      {turn.origin === 'message' && (
        <article class="message user" aria-label="user">
          <Text text={turn.message} />
        </article>
      )}
      <article class="message assistant" aria-label="assistant" aria-busy="true">
        <Text text={turn.text} />
        {turn.tools.map((tool) => (
          <p key={tool.tool_id} class="aside">
            {tool.name} {objectOf(tool.input, project)} …
          </p>
        ))}
        {turn.retrying && <p class="aside">Trying again ({turn.retrying}) …</p>}
        <p class="working">{isWaiting ? 'Waits for you' : 'Working …'}</p>
      </article>
    </>
  );
}

function Failed({ failure }: { failure: Failure }) {
  return (
    <>
      {failure.message && (
        <article class="message user" aria-label="user">
          <Text text={failure.message} />
        </article>
      )}
      {failure.text && (
        <article class="message assistant" aria-label="assistant">
          <Text text={failure.text} />
        </article>
      )}
      {failure.isStop ? (
        <p class="quiet">You stopped this turn.</p>
      ) : (
        <p class="problem">
          <strong>{failure.title}.</strong> {failure.detail === failure.title ? '' : failure.detail} {failure.hint}
        </p>
      )}
    </>
  );
}
