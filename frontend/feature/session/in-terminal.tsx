import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import { call } from '../../api/client.ts';
import { sessionMessages } from '../../i18n/session-messages.ts';
import { changeConversation } from '../../state/list.ts';
import { navigate } from '../../state/route.ts';
import { runReported } from '../../state/session.ts';

/** A conversation whose session is open in a terminal: what happens to messages, and the way back. */
export function InTerminal({
  snapshot: { id, session_id, terminal_messages },
}: {
  snapshot: ConversationSnapshot;
}) {
  const t = sessionMessages.value;
  const isTyped = terminal_messages === 'terminal';
  return (
    <section class="card" aria-label={t.openInTerminalNow}>
      <p>
        <strong>{t.openInTerminalNow}</strong> {isTyped ? t.messagesTyped : t.messagesWait}
      </p>
      <div class="choices">
        <button
          type="button"
          onClick={() => void changeConversation(id, { terminal_messages: isTyped ? 'wait' : 'terminal' })}
        >
          {isTyped ? t.letWait : t.typeIn}
        </button>
        <button type="button" onClick={() => navigate(`/sessions/${session_id}`)}>
          {t.seeTerminal}
        </button>
        <button
          type="button"
          onClick={() => void runReported(() => call('detachConversation', { params: { id } }))}
        >
          {t.takeToPhone}
        </button>
      </div>
    </section>
  );
}

/** Hands a conversation over to a terminal. */
export function HandOver({
  snapshot: { id, in_terminal, session_id, turn, background },
  onDone,
}: {
  snapshot: ConversationSnapshot;
  onDone(): void;
}) {
  const t = sessionMessages.value;
  if (!session_id) return null;
  const isAtWork = turn !== null || background.length > 0;
  async function handOver(): Promise<void> {
    if (
      await runReported(() =>
        call('attachConversation', { params: { id }, body: isAtWork ? { interrupt: true } : {} }),
      )
    )
      onDone();
  }
  return (
    <div class="choices">
      {!in_terminal && (
        <button type="button" onClick={() => void handOver()}>
          {isAtWork ? t.stopAndHandOver : t.handOver}
        </button>
      )}
      <button type="button" onClick={() => navigate(`/sessions/${session_id}`)}>
        {t.itsSession}
      </button>
    </div>
  );
}
