import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import { messages } from '../../i18n/messages.ts';
import { stopBackground } from '../../state/turn.ts';
import { When } from '../../ui/when.tsx';

/** What runs beside or after a turn, with the way to stop it. */
export function Background({ snapshot }: { snapshot: ConversationSnapshot }) {
  const t = messages.value;
  return (
    <>
      {snapshot.background.map((task) => (
        <section key={task.id} class="card" aria-label={t.background}>
          <p class="card-head">
            <strong>{t.backgroundKinds[task.kind]}</strong> <span dir="auto">{task.description}</span>{' '}
            <When time={task.since} />
          </p>
          {task.tail && <pre class="tail">{task.tail}</pre>}
          <button type="button" onClick={() => void stopBackground(snapshot.id, task.id)}>
            {t.stopTask}
          </button>
        </section>
      ))}
    </>
  );
}
