import { type ReadonlySignal, signal } from '@preact/signals';

/** An error of the API, or one that only the page knows. */
export type Failure = { code: string; detail: string };

const fixes = signal<ReadonlySignal<Readonly<Record<string, string>>> | null>(null);
let isLoading = false;

function loadFixes(): void {
  if (isLoading) return;
  isLoading = true;
  import('./fixes.ts').then(
    (part) => {
      fixes.value = part.fixes;
    },
    () => {
      isLoading = false; // The next error tries again; until then its detail has to do.
    },
  );
}

/** What to do about an error; empty if nothing more needs to be said. */
export function fixFor(code: string): string {
  loadFixes();
  return fixes.value?.value[code] ?? '';
}

/** An error and its fix as one text. What shows it is drawn again when the fixes are loaded. */
export function describeFailure({ code, detail }: Failure): string {
  return `${detail}${/[.!?…]$/.test(detail) ? '' : '.'} ${fixFor(code)}`.trim();
}
