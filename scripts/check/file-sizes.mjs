import { checkExceptions } from './exceptions.mjs';
import { readSourceFiles } from './source-files.mjs';

/** A longer file has more than one subject. */
const maxLines = 400;

/** The limit for files of the page, which has smaller parts. */
const maxPageLines = 250;

/** Fails if a file is longer than the limit, or than its entry in `exceptions.json`. */
export function checkFileSizes() {
  const findings = readSourceFiles(['*.ts', '*.tsx', '*.mjs', '*.css', '*.cjs']).map(({ path, text }) => {
    const size = text.split('\n').length - 1;
    const limit = path.startsWith('frontend/') ? maxPageLines : maxLines;
    return { key: path, size, limit, message: `${path} has ${size} lines; the limit is ${limit}` };
  });
  return checkExceptions('files', findings);
}
