import { checkExceptions } from './exceptions.mjs';
import { phrases } from './phrases.mjs';
import { readSourceFiles } from './source-files.mjs';

const globs = ['*.md', '*.ts', '*.tsx', '*.mjs', '*.cjs', '*.css'];
const generated = /^docs\/(api|cli|settings|troubleshooting)\.md$/;

/** In tests, messages to the model and local names are not checked. */
const isChecked = (/** @type {string} */ path, /** @type {string} */ line) =>
  !path.startsWith('test/') || /^\s*(\/\/|\/?\*)|(verifies|test)\(/.test(line);

/** @param {string} line */
const findPhrases = (line) => phrases.filter(([pattern]) => pattern.test(line));

/** Fails if a file has more unidiomatic phrases than `exceptions.json` allows. */
export function checkLanguage() {
  const files = readSourceFiles(globs).filter(
    ({ path }) => !generated.test(path) && path !== 'scripts/check/phrases.mjs',
  );
  const findings = files.map(({ path, text }) => {
    const hits = text
      .split('\n')
      .flatMap((line, index) =>
        (isChecked(path, line) ? findPhrases(line) : []).map(
          ([, better]) => `${path}:${index + 1} write "${better}": ${line.trim()}`,
        ),
      );
    return { key: path, size: hits.length, limit: 0, message: hits.join('\n') };
  });
  return checkExceptions('phrases', findings);
}
