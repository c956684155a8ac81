/** Whatever is drawn of a text is begun by one of these: so they bound the number of its elements, before it is read. */
const sign = /[*_`~[\]!<|>\\\n@]|:\/\/|www\./g;

export function countSigns(text: string): number {
  let count = 0;
  sign.lastIndex = 0;
  while (sign.test(text)) count += 1;
  return count;
}
