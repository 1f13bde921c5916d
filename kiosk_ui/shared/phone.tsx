// A page for phones: the car park's name, the language, a word while the line is lost, what matters, and what to do at the foot.
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { lang, named } from "./i18n";
import { Mark } from "./marks";
import "./phone.css";
import { site } from "./site";
import { LanguageSwitch } from "./switch";

interface PhoneProps {
  title: string;
  /** What to say while the line is lost; null while it is not. What is on the page is then marked as old. */
  lost: string | null;
  foot?: ComponentChildren;
  children: ComponentChildren;
}

export function Phone({ title, lost, foot, children }: PhoneProps): JSX.Element {
  useEffect(() => {
    document.title = site.value ? `${title} · ${named(site.value.name)}` : title;
  }, [site.value, lang.value, title]);
  return (
    <div class="phone">
      <header class="top">
        <h1>
          <span class="logo" aria-hidden="true">
            P
          </span>
          <span>{site.value ? named(site.value.name) : title}</span>
        </h1>
        <LanguageSwitch />
      </header>
      <div role="status" aria-live="polite">
        {lost !== null && (
          <p class="offline" data-testid="lost">
            <Mark name="off" />
            {lost}
          </p>
        )}
      </div>
      <main class={lost === null ? "" : "is-old"}>{children}</main>
      {foot}
    </div>
  );
}
