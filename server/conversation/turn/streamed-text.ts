/** A piece of the text of a turn: events of the journal and outputs of an agent have the same shape. */
type Step =
  | { type: 'text.delta' | 'text'; text: string }
  | { type: 'message'; text: string; parent_tool_id: string | null }
  | { type: 'turn.retrying' | 'retrying'; discard_text: boolean }
  | { type: string };

/** The text of a running turn: the whole messages, and the pieces of the next one. */
export type StreamedText = { completed: readonly string[]; pending: string };

/** The most that is kept of one turn's text in memory; all of it is in the journal and the transcript. */
const maxOpen = 4_000_000;

export const noText: StreamedText = { completed: [], pending: '' };

/** A whole message takes the place of the pieces that came of it; a retry that starts over drops them. */
export function addText(state: StreamedText, step: Step): StreamedText {
  if (step.type === 'text.delta' || step.type === 'text') {
    return state.pending.length > maxOpen
      ? state
      : { ...state, pending: state.pending + (step as { text: string }).text };
  }
  if (step.type === 'message') {
    const { text, parent_tool_id } = step as { text: string; parent_tool_id: string | null };
    return parent_tool_id || !text ? state : { completed: [...state.completed, text], pending: '' };
  }
  const isRestart =
    (step.type === 'turn.retrying' || step.type === 'retrying') &&
    (step as { discard_text: boolean }).discard_text;
  return isRestart ? { ...state, pending: '' } : state;
}

export const joinText = (state: StreamedText): string =>
  [...state.completed, state.pending].filter(Boolean).join('\n\n');
