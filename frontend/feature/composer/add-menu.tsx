import { useRef } from 'preact/hooks';
import { messages } from '../../i18n/messages.ts';

type AddMenuProps = { isOpen: boolean; onFiles(files: FileList | null): void; onSnippets(): void };

/** The ways to add something to the message: the camera, files, and saved texts. */
export function AddMenu({ isOpen, onFiles, onSnippets }: AddMenuProps) {
  const picker = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const t = messages.value;
  const onChange = ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
    onFiles(currentTarget.files);
    // The same file can be chosen again.
    currentTarget.value = '';
  };
  return (
    <>
      {isOpen && (
        <div class="adding" role="group" aria-label={t.add}>
          <button type="button" onClick={() => camera.current?.click()}>
            {t.camera}
          </button>
          <button type="button" onClick={() => picker.current?.click()}>
            {t.addFiles}
          </button>
          <button type="button" onClick={onSnippets}>
            {t.snippets}
          </button>
        </div>
      )}
      <input ref={picker} type="file" multiple hidden aria-label={t.addFiles} onChange={onChange} />
      <input
        ref={camera}
        type="file"
        accept="image/*"
        capture="environment"
        hidden
        aria-label={t.camera}
        onChange={onChange}
      />
    </>
  );
}
