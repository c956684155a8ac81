import { loadLanguage } from '../../i18n/load-language.ts';
import { languages, locale } from '../../i18n/messages.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { prefs, setPrefs } from '../../state/prefs.ts';
import { ChoiceField } from '../../ui/choice-field.tsx';

/** How the page looks and reads on this device. */
export function Look() {
  const t = settingMessages.value;
  const { theme, size, quiet, enter } = prefs.value;
  return (
    <section class="part">
      <ChoiceField
        label={t.theme}
        value={theme}
        names={t.themes}
        onChange={(name) => setPrefs({ theme: name })}
      />
      <ChoiceField
        label={t.textSize}
        value={size}
        names={t.sizes}
        onChange={(name) => setPrefs({ size: name })}
      />
      <LanguageField />
      <ChoiceField
        label={t.enterKey}
        value={enter}
        names={t.enters}
        onChange={(name) => setPrefs({ enter: name })}
      />
      <label class="check">
        <input type="checkbox" checked={quiet} onChange={() => setPrefs({ quiet: !quiet })} />
        {t.quietView}
      </label>
    </section>
  );
}

function LanguageField() {
  async function choose(language: keyof typeof languages): Promise<void> {
    setPrefs({ language });
    await loadLanguage(language);
    document.documentElement.lang = language;
  }
  return (
    <label>
      {settingMessages.value.language}
      <select
        value={locale.value}
        onChange={(event) => void choose(event.currentTarget.value as keyof typeof languages)}
      >
        {Object.entries(languages).map(([name, ownName]) => (
          <option key={name} value={name} lang={name}>
            {ownName}
          </option>
        ))}
      </select>
    </label>
  );
}
