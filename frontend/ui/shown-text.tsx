import { cutText, toPieces } from '../../contract/visible.ts';
import { messages } from '../i18n/messages.ts';
import './cut.css';

/** Which of the texts that are cut a person has opened, and how to open one. */
export type Opened = { has(id: string): boolean; open(id: string): void };

/** A text with marks for what cannot be seen in it. */
export function Visible({ text }: { text: string }) {
  return (
    <>
      {toPieces(text).map((piece, index) =>
        piece.isMark ? (
          <mark key={index} class="hidden-mark">
            {piece.text}
          </mark>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}

/** A text with marks for what cannot be seen; a long one is cut in the middle until it is opened. */
export function ShownText({ text, id, opened }: { text: string; id: string; opened: Opened }) {
  const cut = opened.has(id) ? null : cutText(text);
  if (!cut) return <Visible text={text} />;
  const t = messages.value;
  return (
    <>
      <Visible text={cut.head} />
      <button type="button" class="cut" onClick={() => opened.open(id)}>
        {cut.lines > 0 ? t.moreLines(cut.lines) : t.moreCharacters(cut.characters)}
      </button>
      <Visible text={cut.tail} />
    </>
  );
}
