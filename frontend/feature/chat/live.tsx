import type { ConversationSnapshot } from '../../../contract/conversation.ts';
import type { MessagePart } from '../../../contract/message.ts';
import type { LiveTurn, TurnSummary } from '../../../contract/turn.ts';
import { fixFor } from '../../i18n/errors.ts';
import { messages } from '../../i18n/messages.ts';
import { type EndedTurn, failureOf, type Thread } from '../../state/thread-reducer.ts';
import { receiptOf } from './receipt.ts';
import { Receipt } from './receipt-card.tsx';
import { taskListOf } from './task-list.ts';
import { Answered, Said } from './turn.tsx';

const names = ({ attachments }: TurnSummary) => attachments.map(({ name }) => name);

/** The turn that runs, as it comes, with the messages that were given to it. */
export function Live({ snapshot }: { snapshot: ConversationSnapshot }) {
  const { turn, steered, prompts, project } = snapshot;
  const t = messages.value;
  return (
    <>
      {turn && (
        <>
          {turn.origin === 'message' && (
            <Said text={turn.message} at={turn.created_at} attachments={names(turn)} delivery="read" />
          )}
          <Answered parts={turn.parts} project={project} isLive />
          {steered.map((one) => (
            <Said
              key={one.turn_id}
              text={one.message}
              at={one.created_at}
              attachments={names(one)}
              delivery="read"
            />
          ))}
          <Tasks parts={turn.parts} />
          <p class="working quiet-line" role="status">
            {turn.retrying ? t.retrying(turn.retrying) : prompts.length ? t.waitsForYou : t.working}
          </p>
        </>
      )}
    </>
  );
}

/** The list of tasks that the agent keeps, while the turn runs. */
function Tasks({ parts }: { parts: readonly MessagePart[] }) {
  const tasks = taskListOf(parts);
  if (!tasks.length) return null;
  const done = tasks.filter(({ state }) => state === 'completed').length;
  return (
    <details class="tasks card" open>
      <summary>{messages.value.tasks(done, tasks.length)}</summary>
      <ul>
        {tasks.map(({ id, subject, state }) => (
          <li key={id} class={state} aria-label={`${subject}, ${messages.value.taskStates[state]}`}>
            {subject}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** A turn that has just ended, as it was while it ran: the history takes its place when it is read. */
export function Ended({ ended: { turn, steered, end }, project }: { ended: EndedTurn; project: string }) {
  const ms =
    end.started_at && end.ended_at
      ? Date.parse(end.ended_at) - Date.parse(end.started_at) - waited(turn, end.ended_at)
      : null;
  return (
    <>
      {turn.origin === 'message' && (
        <Said text={turn.message} at={turn.created_at} attachments={names(turn)} />
      )}
      {turn.parts.length > 0 && (
        <Answered parts={turn.parts} project={project} {...(end.ended_at ? { at: end.ended_at } : {})} />
      )}
      {steered.map((one) => (
        <Said key={one.turn_id} text={one.message} at={one.created_at} attachments={names(one)} />
      ))}
      {turn.parts.length > 0 && (
        <Receipt
          receipt={receiptOf(turn.parts)}
          cost={{ ms, usd: end.result?.cost ?? null }}
          project={project}
          turnId={end.turn_id}
        />
      )}
      <Warnings turn={end} />
    </>
  );
}

/** What went wrong beside the answer of a turn. */
function Warnings({ turn }: { turn: TurnSummary | null }) {
  return (
    <>
      {turn?.result?.warnings?.map(({ code }) => (
        <p key={code} class="problem" role="status">
          {messages.value.turnWarnings[code]}
        </p>
      ))}
    </>
  );
}

/** The warnings of the newest turn, once the history has taken its place. */
export function NewestWarnings({ thread: { snapshot, ended } }: { thread: Thread }) {
  const { turn, last_turn } = snapshot;
  if (turn || !last_turn || ended.some(({ end }) => end.turn_id === last_turn.turn_id)) return null;
  return <Warnings turn={last_turn} />;
}

/** How long a turn waited for a person. */
const waited = ({ waited_ms = 0, waits_since }: LiveTurn, until: string) =>
  waited_ms + (waits_since ? Date.parse(until) - Date.parse(waits_since) : 0);

/** Why the newest turn has no answer, and what to do. */
export function Failed({ thread }: { thread: Thread }) {
  const failure = failureOf(thread);
  if (!failure) return null;
  const { turn, isKnown } = failure;
  const t = messages.value;
  return (
    <>
      {!isKnown && (
        <Said text={turn.message} at={turn.created_at} attachments={names(turn)} delivery="read" />
      )}
      {!isKnown && turn.text && <Answered parts={[{ type: 'text', text: turn.text }]} project="" />}
      {turn.state === 'cancelled' ? (
        <p class="quiet-line">{t.youStopped}</p>
      ) : (
        <p class="problem" role="status">
          <strong>{turn.error?.title ?? turn.state}.</strong>{' '}
          {turn.error?.detail === turn.error?.title ? '' : turn.error?.detail}{' '}
          {fixFor(turn.error?.code ?? '')}
        </p>
      )}
    </>
  );
}
