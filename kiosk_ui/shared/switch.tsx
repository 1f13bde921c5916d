// The way to another language, written in that language: a button where there is one other, a choice where there are more.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { lang, languages, ownName, speak } from "./i18n";
import { Mark } from "./marks";
import { say } from "./words";

export function LanguageSwitch({ remember = true }: { remember?: boolean }): JSX.Element {
  const others = languages.filter((code) => code !== lang.value);
  const [only] = others;
  if (others.length > 1 || !only) return <LanguageChoice remember={remember} />;
  return (
    <button type="button" class="language" lang={only === "zh" ? "zh-CN" : only} onClick={() => speak(only, remember)}>
      <Mark name="globe" />
      {say("switch_language")}
    </button>
  );
}

function LanguageChoice({ remember }: { remember: boolean }): JSX.Element {
  const [names, setNames] = useState<Readonly<Record<string, string>>>({});
  useEffect(() => {
    void Promise.all(languages.map(async (code) => [code, await ownName(code)] as const)).then((all) => setNames(Object.fromEntries(all)));
  }, []);
  return (
    <label class="language">
      <Mark name="globe" />
      <select aria-label="Language" value={lang.value} onChange={(e) => speak(e.currentTarget.value, remember)}>
        {languages.map((code) => (
          <option key={code} value={code}>
            {names[code] ?? code}
          </option>
        ))}
      </select>
    </label>
  );
}
