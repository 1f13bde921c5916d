// The map and the library that draws it are read when somebody opens it: the console's first view does without.
import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { map as say } from "./map_words";

export function MapDoor(): JSX.Element {
  const [Page, found] = useState<ComponentType | null>(null);
  const [failed, fail] = useState(false);
  const [tries, tryAgain] = useState(0);
  useEffect(() => {
    fail(false);
    import("./map_page").then(
      (module) => found(() => module.SiteMap),
      () => fail(true), // the network is away; what is read stays read
    );
  }, [tries]);
  if (Page) return <Page />;
  return (
    <main id="main" tabIndex={-1} class="site-map" aria-busy={!failed}>
      <h2 class="map-title">{say("title")}</h2>
      <p role="status">{say(failed ? "failed" : "loading")}</p>
      {failed && (
        <button type="button" onClick={() => tryAgain(tries + 1)}>
          {say("again")}
        </button>
      )}
    </main>
  );
}
