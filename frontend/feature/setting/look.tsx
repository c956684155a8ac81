import { loadLanguage } from '../../i18n/load-language.ts';
import { languages, locale } from '../../i18n/messages.ts';
import { settingMessages } from '../../i18n/setting-messages.ts';
import { type Prefs, prefs, setPrefs } from '../../state/prefs.ts';

const themes: Prefs['theme'][] = ['auto', 'light', 'dark'];
const sizes: Prefs['size'][] = ['small', 'medium', 'large', 'huge'];
const enters: Prefs['enter'][] = ['auto', 'send', 'newline'];

/** How the page looks and reads on this device. */
export function Look() {
  const t = settingMessages.value;
  const { theme, size, quiet, enter } = prefs.value;
  return (
    <section class="part">
      <label>
        {t.theme}
        <select
          value={theme}
          onChange={(event) => setPrefs({ theme: event.currentTarget.value as Prefs['theme'] })}
        >
          {themes.map((name) => (
            <option key={name} value={name}>
              {t.themes[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.textSize}
        <select
          value={size}
          onChange={(event) => setPrefs({ size: event.currentTarget.value as Prefs['size'] })}
        >
          {sizes.map((name) => (
            <option key={name} value={name}>
              {t.sizes[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.language}
        <select
          value={locale.value}
          onChange={(event) => {
            const language = event.currentTarget.value as keyof typeof languages;
            setPrefs({ language });
            void loadLanguage(language).then(() => {
              document.documentElement.lang = language;
            });
          }}
        >
          {Object.entries(languages).map(([name, own]) => (
            <option key={name} value={name} lang={name}>
              {own}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.enterKey}
        <select
          value={enter}
          onChange={(event) => setPrefs({ enter: event.currentTarget.value as Prefs['enter'] })}
        >
          {enters.map((name) => (
            <option key={name} value={name}>
              {t.enters[name]}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={quiet} onChange={() => setPrefs({ quiet: !quiet })} />
        {t.quietView}
      </label>
    </section>
  );
}
