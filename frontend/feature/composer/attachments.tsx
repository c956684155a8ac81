import { useEffect, useState } from 'preact/hooks';
import { messages } from '../../i18n/messages.ts';
import { Icon } from '../../ui/icon.tsx';
import { filesOf, setFiles } from './draft.ts';

/** What will go with the message: a picture of each picture, a name of each other file. */
export function Attachments({ id }: { id: string }) {
  const files = filesOf(id);
  if (!files.length) return null;
  return (
    <ul class="attachments" aria-label={messages.value.attachments}>
      {files.map((file, index) => (
        <li key={`${file.name}${index}`}>
          <Preview blob={file.blob} type={file.type} />
          <span dir="auto">{file.name}</span>
          <button
            type="button"
            class="plain"
            aria-label={messages.value.removeFile(file.name)}
            onClick={() =>
              setFiles(
                id,
                files.filter((_, at) => at !== index),
              )
            }
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}

function Preview({ blob, type }: { blob: Blob; type: string }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!type.startsWith('image/')) return;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, type]);
  return url ? <img src={url} alt="" /> : <Icon name="file" />;
}
