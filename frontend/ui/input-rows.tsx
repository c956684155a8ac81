import { cutRows, type InputRow } from '../../contract/shown-input.ts';
import { messages } from '../i18n/messages.ts';
import { type Opened, ShownText } from './shown-text.tsx';
import './cut.css';
import './input-rows.css';

/** Fields whose text is removed from a file, or put into it. */
const colours: Record<string, string> = {
  old_string: 'removed',
  new_string: 'added',
  content: 'added',
  new_source: 'added',
};

/** Every field of an input with its value. A cut value has a button that opens it. */
export function InputRows({ rows, opened }: { rows: readonly InputRow[]; opened: Opened }) {
  const cut = opened.has('#') ? null : cutRows(rows);
  if (!cut) return <Rows rows={rows} opened={opened} />;
  return (
    <div class="input-rows">
      <Rows rows={rows.slice(0, cut.from)} opened={opened} />
      <button type="button" class="cut" onClick={() => opened.open('#')}>
        {messages.value.moreFields(cut.to - cut.from)}
      </button>
      <Rows rows={rows.slice(cut.to)} opened={opened} />
    </div>
  );
}

function Rows({ rows, opened }: { rows: readonly InputRow[]; opened: Opened }) {
  return (
    <div class="input-rows">
      {rows.map((row) => (
        <Row key={row.id} row={row} opened={opened} />
      ))}
    </div>
  );
}

/** Short values stand beside their name, texts below it. */
function Row({ row: { id, depth, name, kind, value }, opened }: { row: InputRow; opened: Opened }) {
  const isShort = name.length <= 20 && value.length <= 20 && !`${name}${value}`.includes('\n');
  return (
    <div
      class={`input-row${isShort ? ' short' : ''}`}
      style={depth ? { marginInlineStart: `${depth * 12}px` } : undefined}
    >
      <span class={name.includes('\n') ? 'field-name lines' : 'field-name'}>
        <ShownText text={name} id={`${id}#`} opened={opened} />
      </span>
      {kind !== 'group' && (
        <div class={`value ${kind} ${colours[name] ?? ''}`} dir="ltr">
          <ShownText text={value} id={id} opened={opened} />
        </div>
      )}
    </div>
  );
}
