import { StringDecoder } from 'node:string_decoder';
import { createLineSplitter, parseLine } from '../../transcript/jsonl.ts';
import { type CliLine, parseCliLine } from './protocol.ts';
import { createStringClipper } from './string-clipper.ts';

/** The longest text that is passed on; the transcript has the whole of a longer one. */
const maxString = 2_000_000;
const cutMark = ' … [cut here: the transcript has the whole text]';

/** Yields the lines of the CLI's output as they arrive; one that is not a JSON object is `unknown`. */
export function createLineReader() {
  const splitter = createLineSplitter();
  const utf8 = new StringDecoder('utf8');
  const clipStrings = createStringClipper(maxString, cutMark);
  const readLine = (text: string): CliLine => parseCliLine(parseLine(text));
  return {
    push: (chunk: Buffer): CliLine[] => splitter.push(clipStrings(utf8.write(chunk))).map(readLine),
    /** The text after the last LF, when the output has ended. */
    rest: (): CliLine => readLine(splitter.rest()),
  };
}
