/**
 * Phrases that are not idiomatic English, each with what to write instead.
 *
 * @type {readonly [RegExp, string][]}
 */
export const phrases = [
  [/\bbut for\b/, 'except'],
  [/\banew\b/, 'again'],
  [/\b(?:of|on) (?:its|their) own\b(?= [a-z])|\ba [a-z]+ of (?:its|their) own\b/, 'a separate …, its own …'],
  [/\bso (?:many|much|long) (?:as|at|is|are|seconds|ms|bytes|times)\b/, 'up to N, this long'],
  [/(?<!there )\b(?:is|are) no (?!longer\b|more\b|other\b|such\b)[a-z]+/i, 'is not a …'],
  [/(?:^|[.:;] |\/\/ |\/\*\* |\* )Who [a-z]+s\b(?![^.]*\?)/, 'whoever …, a client that …'],
  [/\b(?:go|goes|going|gone) on with\b/, 'continue'],
  [/\bin vain\b/, 'without success'],
  [/\ball the same\b/, 'anyway'],
  [/\bmend(?:s|ed|ing)?\b/, 'repair, fix'],
  [/\bseldom(?:er)?\b/, 'rarely'],
  [/\b(?:put|kept|keeps?) aside\b/, 'archive, keep under another name'],
  [/\blook(?:s|ed)? whether\b/, 'check whether'],
  [/\b(?:tells?|told) of\b/, 'report'],
  [/\bat the desk\b/, 'in a terminal'],
  [/\bcrowded machine\b/, 'busy machine'],
];
