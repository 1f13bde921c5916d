// The way to the other language, written in that language.
import type { JSX } from "preact";
import { lang, speak } from "./i18n";
import { Mark } from "./marks";
import { say } from "./words";

export function LanguageSwitch({ remember = true }: { remember?: boolean }): JSX.Element {
  const other = lang.value === "zh" ? "en" : "zh";
  return (
    <button type="button" class="language" lang={other === "zh" ? "zh-CN" : "en"} onClick={() => speak(other, remember)}>
      <Mark name="globe" />
      {say("switch_language")}
    </button>
  );
}
