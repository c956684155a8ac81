/** Making one of these takes longer than using it. */
const rules = new Map<string, { plural: Intl.PluralRules; number: Intl.NumberFormat }>();

function rulesOf(language: string) {
  const known = rules.get(language) ?? {
    plural: new Intl.PluralRules(language),
    number: new Intl.NumberFormat(language),
  };
  rules.set(language, known);
  return known;
}

/** The form of a word that goes with a number, by the rules of a language; `#` is replaced by the number. */
export function plural(
  language: string,
  count: number,
  forms: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string },
): string {
  const { plural: ofCount, number } = rulesOf(language);
  const form = forms[ofCount.select(count)] ?? forms.other;
  return form.replace('#', number.format(count));
}
