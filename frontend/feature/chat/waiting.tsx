import { useEffect, useRef, useState } from 'preact/hooks';
import type { TurnSummary } from '../../../contract/turn.ts';
import { describeFailure } from '../../i18n/errors.ts';
import { messages } from '../../i18n/messages.ts';
import { discardMessage, parkMessage, retryMessage } from '../../state/outbox.ts';
import { type Outgoing as Item, outgoing } from '../../state/outgoing.ts';
import { openId } from '../../state/thread.ts';
import { changeTurn, moveFirst, takeBack } from '../../state/turn.ts';
import { Said } from './turn.tsx';

/** Whether an earlier message was refused: none overtakes another. */
function isHeld({ id, conv_id, turnId, problem }: Item): boolean {
  if (turnId !== null || problem !== null) return false;
  const siblings = outgoing.value.filter((item) => item.conv_id === conv_id);
  const index = siblings.findIndex((item) => item.id === id);
  return siblings.slice(0, index).some((item) => item.problem !== null);
}

/** A message that is still on this phone, or that the server has just accepted. */
export function Outgoing({ item }: { item: Item }) {
  const t = messages.value;
  return (
    <Said
      text={item.text}
      at={item.created_at}
      attachments={item.files.map(({ name }) => name)}
      delivery={item.turnId ? 'accepted' : 'phone'}
    >
      {isHeld(item) && <p class="quiet-line">{t.waitsForEarlier}</p>}
      {item.progress !== null && <progress value={item.progress} max={1} aria-label={t.uploading} />}
      {!item.turnId && !item.problem && (
        <p class="choices">
          <button type="button" class="plain" onClick={() => void discardMessage(item.id)}>
            {t.takeBack}
          </button>
        </p>
      )}
      {item.problem && (
        <div class="refused">
          <p class="problem">{describeFailure({ code: item.code ?? '', detail: item.problem })}</p>
          <p class="choices">
            <button type="button" onClick={() => void retryMessage(item.id)}>
              {t.again}
            </button>
            <button type="button" onClick={() => void discardMessage(item.id)}>
              {t.discard}
            </button>
          </p>
        </div>
      )}
    </Said>
  );
}

/** A message that waits on the server: it can be edited, moved to the front, and withdrawn. */
export function Queued({ turn, isFirst }: { turn: TurnSummary; isFirst: boolean }) {
  const [draft, setDraft] = useState<string | null>(null);
  const t = messages.value;
  useKeptDraft(turn, draft);
  if (draft !== null) return <EditForm turn={turn} draft={draft} setDraft={setDraft} />;
  return (
    <Said
      text={turn.message}
      at={turn.created_at}
      attachments={turn.attachments.map(({ name }) => name)}
      delivery="accepted"
    >
      <p class="choices" role="group" aria-label={t.queued}>
        <button type="button" class="plain" onClick={() => setDraft(turn.message)}>
          {t.change}
        </button>
        {!isFirst && (
          <button type="button" class="plain" onClick={() => void moveFirst(turn.turn_id)}>
            {t.moveFirst}
          </button>
        )}
        <button type="button" class="plain" onClick={() => void takeBack(turn.turn_id)}>
          {t.takeBack}
        </button>
      </p>
    </Said>
  );
}

/** If the turn begins while its message is being edited, the text is kept to be sent after it. */
function useKeptDraft(turn: TurnSummary, draft: string | null): void {
  const written = useRef<string | null>(null);
  written.current = draft;
  useEffect(
    () => () => {
      if (openId.value === turn.conv_id && written.current?.trim() && written.current !== turn.message)
        parkMessage(turn.conv_id, written.current, messages.value.begunMeanwhile);
    },
    [],
  );
}

type EditFormProps = { turn: TurnSummary; draft: string; setDraft(draft: string | null): void };

function EditForm({ turn, draft, setDraft }: EditFormProps) {
  const t = messages.value;
  return (
    <form
      class="message user"
      onSubmit={(event) => {
        event.preventDefault();
        void changeTurn(turn.turn_id, draft).then((isDone) => isDone && setDraft(null));
      }}
    >
      <textarea
        aria-label={t.changeMessage}
        rows={3}
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
      <p class="choices">
        <button type="submit" class="primary" disabled={!draft.trim()}>
          {t.save}
        </button>
        <button type="button" onClick={() => setDraft(null)}>
          {t.cancel}
        </button>
      </p>
    </form>
  );
}
