import ts from 'typescript';
import { checkExceptions } from './exceptions.mjs';
import { readSourceFiles } from './source-files.mjs';

const maxLines = 60;
const globs = ['contract', 'server', 'cli', 'frontend', 'scripts'].flatMap((folder) =>
  ['ts', 'tsx', 'mjs'].map((extension) => `${folder}/*.${extension}`),
);

/**
 * @param {string} path
 * @param {string} text
 */
function measureFunctions(path, text) {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  /** @param {number} position */
  const lineAt = (position) => source.getLineAndCharacterOfPosition(position).line;
  /** @type {{ key: string, size: number, limit: number, message: string }[]} */
  const functions = [];
  /** @param {import('typescript').Node} node */
  function visit(node) {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const start = node.getStart(source);
      const size = lineAt(node.end) - lineAt(start) + 1;
      const name = nameOf(node);
      const message = `${path}:${lineAt(start) + 1} ${name} has ${size} lines; the limit is ${maxLines}`;
      functions.push({ key: `${path} ${name}`, size, limit: maxLines, message });
    }
    ts.forEachChild(node, visit);
  }
  visit(source);
  return functions;
}

/**
 * The name of a function, or of the variable or property that holds it.
 *
 * @param {import('typescript').SignatureDeclaration} node
 */
function nameOf(node) {
  if (node.name) return node.name.getText();
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const { parent } = node;
  return (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) && parent.name
    ? parent.name.getText()
    : 'anonymous function';
}

/** Fails if a function is longer than the limit, or than its entry in `exceptions.json`. */
export function checkFunctionLengths() {
  const functions = readSourceFiles(globs).flatMap(({ path, text }) => measureFunctions(path, text));
  return checkExceptions('functions', functions);
}
