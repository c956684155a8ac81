/** An address in a text without link marks. */
export type BareLink = { start: number; end: number; address: string };

const candidate = /https?:\/\/|www\.|@/gi;
const rest = /[^\s<>`]*/y;
const domain = /[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+/y;
const maxLocalPart = 64;

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

/** Where an address ends: before a bracket that has no partner in it, and without the signs that end a sentence. */
function trimEnd(address: string): string {
  const open: Record<string, number> = { ')': 0, ']': 0 };
  let end = 0;
  for (; end < address.length; end += 1) {
    const sign = address[end] ?? '';
    if (sign === '(') open[')'] = (open[')'] ?? 0) + 1;
    else if (sign === '[') open[']'] = (open[']'] ?? 0) + 1;
    else if (sign in open) {
      if (!open[sign]) break;
      open[sign] -= 1;
    }
  }
  while (end > 0 && /[?!.,:;*_~'"]/.test(address[end - 1] ?? '')) end -= 1;
  return address.slice(0, end);
}

function webAt(text: string, start: number, lead: string): BareLink | null {
  if (/[A-Za-z0-9]/.test(text[start - 1] ?? '') || !/[\p{L}\p{N}[]/u.test(text[start + lead.length] ?? ''))
    return null;
  const found = trimEnd(lead + matchAt(rest, text, start + lead.length));
  if (found.length <= lead.length) return null;
  return { start, end: start + found.length, address: /^www\./i.test(lead) ? `http://${found}` : found };
}

function mailAt(text: string, sign: number): BareLink | null {
  let start = sign;
  while (start > 0 && sign - start < maxLocalPart && /[\w.+-]/.test(text[start - 1] ?? '')) start -= 1;
  const host = matchAt(domain, text, sign + 1);
  if (start === sign || !host || /[\w-]/.test(text[sign + 1 + host.length] ?? '')) return null;
  const end = sign + 1 + host.length;
  return { start, end, address: `mailto:${text.slice(start, end)}` };
}

/** Finds addresses of the web and of mail in a text, from front to back. */
export function createBareLinks(text: string): (from: number) => BareLink | null {
  let next: BareLink | null = null;
  let searched = 0;
  return function nextFrom(from) {
    while ((!next || next.start < from) && searched < text.length) {
      candidate.lastIndex = Math.max(searched, from);
      const found = candidate.exec(text);
      searched = found ? found.index + found[0].length : text.length;
      next = found && (found[0] === '@' ? mailAt(text, found.index) : webAt(text, found.index, found[0]));
      if (next) searched = Math.max(searched, next.end);
    }
    return next && next.start >= from ? next : null;
  };
}
