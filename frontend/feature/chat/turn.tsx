import type { MessagePart } from '../../../contract/message.ts';
import { messages } from '../../i18n/messages.ts';
import { prefs } from '../../state/prefs.ts';
import { Copy } from '../../ui/copy.tsx';
import { Icon } from '../../ui/icon.tsx';
import { LongText } from '../../ui/long-text.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { When } from '../../ui/when.tsx';
import { canSpeak, isSpeaking, speakText } from './read-aloud.ts';
import { AgentCard, ToolGroup } from './tool.tsx';
import { type Segment, toSegments } from './view.ts';

/** How far a message has come. */
export type Delivery = 'phone' | 'accepted' | 'read' | 'answered';

const signs: Record<Delivery, string> = { phone: '◷', accepted: '✓', read: '✓✓', answered: '' };

/** What a person said. */
export function Said(props: {
  text: string;
  at: string;
  attachments?: readonly string[];
  delivery?: Delivery;
  isCommand?: boolean;
  children?: preact.ComponentChildren;
}) {
  const { text, at, attachments = [], delivery = 'answered', isCommand = false, children } = props;
  const t = messages.value;
  return (
    <article
      class={`message user ${delivery === 'phone' || delivery === 'accepted' ? 'waits' : ''}`}
      aria-label={t.you}
      data-delivery={delivery}
    >
      {isCommand ? (
        <code dir="auto">{text}</code>
      ) : (
        <p dir="auto">
          <LongText text={text} />
        </p>
      )}
      {attachments.map((name, index) => (
        <span key={index} class="attached">
          <Icon name="file" /> {name}
        </span>
      ))}
      <p class="message-foot">
        {at && <When time={at} />}
        {signs[delivery] && (
          <span class="delivery" role="img" aria-label={t.delivery[delivery]} title={t.delivery[delivery]}>
            {signs[delivery]}
          </span>
        )}
      </p>
      {children}
    </article>
  );
}

const isOpen = (segment: Segment) => 'open' in segment && segment.open;

/**
 * What the agent said and did in a turn, in order. For who listens, a block is read when it is finished and
 * comes to the others, not word by word as it is written.
 */
export function Answered({
  parts,
  project,
  isLive = false,
  at,
}: {
  parts: readonly MessagePart[];
  project: string;
  isLive?: boolean;
  at?: string;
}) {
  const segments = toSegments(parts);
  const draw = (segment: Segment) => (
    <Piece key={segment.key} segment={segment} project={project} isLive={isLive} />
  );
  const text = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
  return (
    <article class="message assistant" aria-label={messages.value.agentName} aria-busy={isLive}>
      <h2 class="unseen">{messages.value.agentName}</h2>
      {isLive ? (
        <>
          <div class="finished" role="log" aria-live="polite">
            {segments.filter((segment) => !isOpen(segment)).map(draw)}
          </div>
          {segments.filter(isOpen).map(draw)}
        </>
      ) : (
        segments.map(draw)
      )}
      {!isLive && text && (
        <p class="message-foot">
          {at && <When time={at} />}
          <Copy text={text} />
          {canSpeak() && (
            <button
              type="button"
              class="plain copy"
              aria-label={isSpeaking.value === text ? messages.value.stopReading : messages.value.readAloud}
              onClick={() => speakText(text)}
            >
              <Icon name={isSpeaking.value === text ? 'stop' : 'speak'} />
            </button>
          )}
        </p>
      )}
    </article>
  );
}

/** The quiet view leaves only words. */
function Piece({ segment, project, isLive }: { segment: Segment; project: string; isLive: boolean }) {
  if (segment.type === 'text') {
    return (
      <div>
        <Markdown text={segment.text} />
        {segment.clipped && <p class="quiet-line">{messages.value.cutHere}</p>}
      </div>
    );
  }
  if (prefs.value.quiet) return null;
  if (segment.type === 'thinking') return <Thinking text={segment.text} isOpen={segment.open} />;
  return (
    <div aria-live="off">
      {segment.type === 'tools' && <ToolGroup tools={segment.tools} project={project} isLive={isLive} />}
      {segment.type === 'agent' && (
        <AgentCard tool={segment.tool} inner={segment.inner} project={project} isLive={isLive} />
      )}
    </div>
  );
}

function Thinking({ text, isOpen }: { text: string; isOpen: boolean }) {
  return (
    <details class="tool">
      <summary class="quiet-line">{isOpen ? messages.value.thinkingNow : messages.value.thinking}</summary>
      <Markdown text={text} />
    </details>
  );
}
