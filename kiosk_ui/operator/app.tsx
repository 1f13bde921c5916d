import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { clock, clockSeconds, longDate } from "../shared/format";
import { lang, named } from "../shared/i18n";
import { inWords } from "../shared/i18n/codes";
import { Mark } from "../shared/marks";
import { site } from "../shared/site";
import { LanguageSwitch } from "../shared/switch";
import { now } from "../shared/tick";
import { Access } from "./access_page";
import { access } from "./access_words";
import { Account } from "./account_page";
import { Notices } from "./account_others";
import { account } from "./account_words";
import { Audit } from "./audit_page";
import { audit } from "./audit_words";
import { Bills } from "./bills_page";
import { Books } from "./books_page";
import { Calls } from "./calls";
import { Cases } from "./cases";
import { CashDesk } from "./cash_page";
import { Debts } from "./debts_page";
import { Desk } from "./desk_page";
import { desk } from "./desk_words";
import { Devices } from "./devices";
import { EmergencyBanner } from "./emergency";
import { Figures } from "./figures_page";
import { figures } from "./figures_words";
import { GivenUpPage } from "./given_up_page";
import { calls, keepLooking } from "./help";
import { MapDoor } from "./map_door";
import { map } from "./map_words";
import { LanePage } from "./lane_page";
import { Lanes } from "./lanes";
import { Lessons } from "./lessons";
import { Levels } from "./levels";
import { money as sayMoney } from "./money_words";
import { LogIn } from "./login";
import { place } from "./route";
import { feed, logOut, may, operator, serverAway } from "./session";
import { Story } from "./story";
import { Stream } from "./stream";
import { tariffs } from "./tariff_words";
import { Tariffs } from "./tariffs_page";
import { dark, switchTheme } from "./theme";
import { said } from "./toast";
import { say } from "./words";

export function App(): JSX.Element | null {
  const waiting = calls.value.filter((call) => call.state === "waiting").length;
  useEffect(() => {
    const title = site.value ? `${named(site.value.name)} · ${say("console")}` : say("console");
    document.title = waiting ? `(${waiting}) ${say("calls")} · ${title}` : title;
  }, [site.value, lang.value, waiting]);
  if (operator.value === undefined) return serverAway.value ? <p class="waiting">{say("lost_first")}</p> : null;
  if (operator.value === null) return <LogIn />;
  return <Console />;
}

function Console(): JSX.Element {
  const lost = feed.line.value === "lost";
  useEffect(keepLooking, []);
  return (
    <>
      <a class="skip" href="#main">
        {say("skip")}
      </a>
      <Header />
      <div aria-live="polite" role="status">
        {lost && (
          <p class="lost-bar" data-testid="lost">
            <Mark name="off" />
            {feed.asOf.value === null ? say("lost_first") : say("lost_long", { time: clockSeconds(feed.asOf.value) })}
          </p>
        )}
      </div>
      <EmergencyBanner />
      <Notices />
      <Page lost={lost} />
      <div class="toast-place" role="status" aria-live="polite">
        {said.value && <p class="toast fade">{said.value}</p>}
      </div>
    </>
  );
}

function Page({ lost }: { lost: boolean }): JSX.Element {
  const at = place.value;
  if (at.page === "map" && may("lanes:read")) return <MapDoor />;
  if (at.page === "lane" && may("lanes:read")) return <LanePage id={at.id} />;
  if (at.page === "desk" && may("cases:read")) return <Desk />;
  if (at.page === "lessons" && may("cases:read")) return <Lessons />;
  if (at.page === "figures" && may("figures:read")) return <Figures />;
  if (at.page === "access" && may("access:read")) return <Access tab={at.id} />;
  if (at.page === "audit" && may("audit:read")) return <Audit />;
  if (at.page === "given-up" && may("devices:write")) return <GivenUpPage />;
  if (at.page === "account") return <Account />;
  if (at.page === "tariffs" && may("tariffs:read")) return <Tariffs />;
  if (at.page === "stay" && may("stays:read")) return <Story id={at.id} />;
  if (may("bills:read")) {
    if (at.page === "bills") return <Bills id={at.id} />;
    if (at.page === "cash") return <CashDesk id={at.id} />;
    if (at.page === "debts") return <Debts />;
    if (at.page === "books") return <Books />;
  }
  return (
    <main id="main" tabIndex={-1} class={`overview ${calls.value.length ? "has-calls" : ""} ${lost ? "is-old" : ""}`}>
      <Calls />
      {may("cases:read") && <Cases />}
      <div class="main-column">
        <Levels />
        <Lanes />
        <Devices />
      </div>
      <Stream />
    </main>
  );
}

function Places(): JSX.Element | null {
  if (!may("lanes:read")) return null;
  const at = place.value.page;
  const here = (...pages: string[]): "page" | undefined => (pages.includes(at) ? "page" : undefined);
  return (
    <nav class="places" aria-label={desk("pages")}>
      <a href="#/" aria-current={here("console", "lane")}>
        {desk("to_console")}
      </a>
      <a href="#/map" aria-current={here("map")}>
        {map("to_map")}
      </a>
      {may("cases:read") && (
        <>
          <a href="#/desk" aria-current={here("desk", "stay")}>
            {desk("to_desk")}
          </a>
          <a href="#/lessons" aria-current={here("lessons")}>
            {desk("to_lessons")}
          </a>
        </>
      )}
      {may("bills:read") && (
        <>
          <a href="#/bills" aria-current={here("bills")}>
            {sayMoney("to_bills")}
          </a>
          <a href="#/cash" aria-current={here("cash")}>
            {sayMoney("to_cash")}
          </a>
          <a href="#/debts" aria-current={here("debts")}>
            {sayMoney("to_debts")}
          </a>
          <a href="#/books" aria-current={here("books")}>
            {sayMoney("to_books")}
          </a>
        </>
      )}
      {may("access:read") && (
        <a href="#/access" aria-current={here("access")}>
          {access("to_access")}
        </a>
      )}
      {may("tariffs:read") && (
        <a href="#/tariffs" aria-current={here("tariffs")}>
          {tariffs("to_tariffs")}
        </a>
      )}
      {may("figures:read") && (
        <a href="#/figures" aria-current={here("figures")}>
          {figures("title")}
        </a>
      )}
      {may("audit:read") && (
        <a href="#/audit" aria-current={here("audit")}>
          {audit("to_audit")}
        </a>
      )}
    </nav>
  );
}

function Header(): JSX.Element {
  const who = operator.value;
  return (
    <header class="top">
      <div class="top-name">
        <span class="logo" aria-hidden="true">
          P
        </span>
        <h1>
          {site.value ? named(site.value.name) : say("console")}
          <small>{say("console")}</small>
        </h1>
      </div>
      <Places />
      <LineState />
      <p class="top-clock">
        <span>{clock(now.value, now.value)}</span>
        <small>{longDate(now.value)}</small>
      </p>
      <div class="top-tools">
        <LanguageSwitch />
        <button type="button" class="quiet" onClick={switchTheme}>
          <Mark name={dark.value ? "sun" : "moon"} />
          {say(dark.value ? "theme_light" : "theme_dark")}
        </button>
        <a
          class="who"
          href="#/account"
          title={who?.roles.map((r) => inWords("roles", r)).join(", ")}
          aria-label={account("to_account", { name: who?.display_name || who?.username || "" })}
          aria-current={place.value.page === "account" ? "page" : undefined}
        >
          <Mark name="person" />
          <span>{who?.display_name || who?.username}</span>
        </a>
        <button type="button" class="quiet" onClick={() => void logOut()}>
          <Mark name="leave" />
          {say("log_out")}
        </button>
      </div>
    </header>
  );
}

function LineState(): JSX.Element {
  const line = feed.line.value;
  const words = line === "live" ? say("live") : line === "lost" ? say("lost") : say("connecting");
  return (
    <p class={`line line-${line}`} data-testid="line">
      <i aria-hidden="true" />
      {words}
    </p>
  );
}
