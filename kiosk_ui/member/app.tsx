// The member's page: what his membership is worth now, his coupons, his stays, and what he lets us know. Paying needs none of it.
import type { JSX } from "preact";
import { clock } from "../shared/format";
import { Mark, type MarkName } from "../shared/marks";
import { Phone } from "../shared/phone";
import { now } from "../shared/tick";
import { Home } from "./home";
import { Myself } from "./myself";
import { say } from "./member_words";
import { PointsHistory } from "./points_history";
import { ended, route, token } from "./session";
import { Stays } from "./stays";
import { OneStay } from "./one_stay";
import { asOf, away } from "./sources";
import { forgotten } from "./erase_card";
import { Wallet } from "./wallet";

export function App(): JSX.Element {
  const inside = token.value !== "";
  const lost = asOf.value ? say("offline", { time: clock(asOf.value, now.value) }) : say("offline_first");
  return (
    <Phone title={say("title")} lost={inside && away.value ? lost : null} foot={inside && <Tabs />}>
      {inside ? <View /> : <Closed />}
    </Phone>
  );
}

function View(): JSX.Element {
  const [part, id] = route.value;
  if (part === "wallet") return <Wallet />;
  if (part === "points") return <PointsHistory />;
  if (part === "stays") return id ? <OneStay id={id} key={id} /> : <Stays />;
  if (part === "me") return <Myself />;
  return <Home />;
}

const TABS: readonly [part: string, mark: MarkName, key: "tab_home" | "tab_wallet" | "tab_stays" | "tab_me"][] = [
  ["", "home", "tab_home"],
  ["wallet", "coupon", "tab_wallet"],
  ["stays", "car", "tab_stays"],
  ["me", "person", "tab_me"],
];

function Tabs(): JSX.Element {
  const at = route.value[0] ?? "";
  const here = at === "points" ? "" : at;
  return (
    <nav class="tabs" aria-label={say("parts")}>
      {TABS.map(([part, mark, key]) => (
        <a key={part} href={`#/${part}`} aria-current={here === part ? "page" : undefined}>
          <Mark name={mark} size="1.5rem" />
          <span>{say(key)}</span>
        </a>
      ))}
    </nav>
  );
}

/** Nobody is logged in: how to, and that parking does not need it. */
function Closed(): JSX.Element {
  const because = ended.value ?? "closed";
  const note = because === "erased" ? say("erased_note", { n: forgotten.value }) : say(`${because}_note`);
  return (
    <>
      <section class={`hero ${because === "expired" ? "hero-warn" : because === "closed" ? "hero-plain" : "hero-ok"}`} role="status">
        <span class="hero-mark">
          <Mark name={because === "expired" ? "clock" : because === "closed" ? "phone" : "check"} size="1.75rem" />
        </span>
        <p class="hero-word">{say(because)}</p>
        <p>{note}</p>
      </section>
      <section class="card closed">
        <p>{say("without")}</p>
        <a class="wide to-guide" href="../driver/">
          <Mark name="car" />
          {say("to_driver")}
        </a>
      </section>
    </>
  );
}
