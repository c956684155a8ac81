import './text.css';

/** A text with its line breaks; what stands between lines of three backticks is shown as code. */
export function Text({ text }: { text: string }) {
  const parts = text.split(/^```[^\n]*\n([\s\S]*?)(?:^```[ \t]*$\n?|$(?![\s\S]))/m);
  return (
    <div class="text">
      {parts.map((part, index) =>
        index % 2 ? (
          <pre key={index}>
            <code>{part}</code>
          </pre>
        ) : (
          part.trim() && <p key={index}>{part.trim()}</p>
        ),
      )}
    </div>
  );
}
