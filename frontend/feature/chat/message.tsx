import type { HistoryMessage, MessagePart } from '../../../contract/message.ts';
import { Text } from '../../ui/text.tsx';
import { objectOf } from './tool-line.ts';

/** A message of the history. */
export function Message({ message, project }: { message: HistoryMessage; project: string }) {
  return (
    <article class={`message ${message.role} ${message.kind ?? ''}`} aria-label={message.role}>
      {message.parts.map((part, index) => (
        <Part key={index} part={part} project={project} />
      ))}
    </article>
  );
}

function Part({ part, project }: { part: MessagePart; project: string }) {
  switch (part.type) {
    case 'text':
      return <Text text={part.clipped ? `${part.text}\n… (cut here)` : part.text} />;
    case 'thinking':
      return (
        <details class="aside">
          <summary>Thinking</summary>
          <Text text={part.text} />
        </details>
      );
    case 'tool':
      return (
        <details class={part.is_error ? 'aside bad' : 'aside'}>
          <summary>
            {part.name} {objectOf(part.input, project)}
          </summary>
          <pre>{part.input}</pre>
          <pre>{part.output ?? 'no result'}</pre>
        </details>
      );
    case 'attachment':
      return <p class="aside">Attachment: {part.media_type}</p>;
  }
}
