// Where something is, floor first in one large word; and the way to it drawn level by level.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { FloorMap, picture, showLevel, type Line } from "./floor_map";
import { named } from "./i18n";

type Name = Parameters<typeof named>[0];

export function Whereabouts(props: { lead: string; floor: Name; zone: Name; children?: ComponentChildren }): JSX.Element {
  return (
    <>
      <p>{props.lead}</p>
      <p class="floor">{named(props.floor)}</p>
      {named(props.zone) !== named(props.floor) && <p class="hero-word">{named(props.zone)}</p>}
      {props.children}
    </>
  );
}

interface Drawn {
  legs: Line[];
  steps: { level: string; level_name?: Name }[];
  /** The level that `url` draws; the other levels lie beside it. */
  home: string | null | undefined;
  url: string | null | undefined;
  /** Which level is shown before anybody chooses: where the way begins, or where it ends. */
  first: "begin" | "end";
}

interface Levels {
  level: string;
  all: { id: string; name: string }[];
  choose: (level: string) => void;
}

/** The levels of a way and which one is on show; its picture is asked for. */
export function useLevels({ legs, steps, home, url, first }: Drawn): Levels {
  const levels = [...new Set(legs.flatMap((leg) => [leg.level, leg.to_level]))];
  const [chosen, choose] = useState("");
  const level = levels.includes(chosen) ? chosen : ((first === "begin" ? levels[0] : levels.at(-1)) ?? "");
  useEffect(() => {
    if (level && url) void showLevel(url.replace(`/levels/${home}/`, `/levels/${level}/`));
  }, [level, url]);
  const names = new Map([...legs, ...steps].flatMap((one) => (one.level_name ? [[one.level, named(one.level_name)]] : [])));
  return { level, all: levels.map((id) => ({ id, name: names.get(id) ?? id })), choose };
}

export function WayMap({ label, ...drawn }: Drawn & { label: string }): JSX.Element {
  const { level, all, choose } = useLevels(drawn);
  return (
    <>
      {all.length > 1 && (
        <div class="levels-choice" role="group" aria-label={label}>
          {all.map((one) => (
            <button type="button" key={one.id} class="choice" aria-pressed={one.id === level} onClick={() => choose(one.id)}>
              {one.name}
            </button>
          ))}
        </div>
      )}
      {picture.value && <FloorMap legs={drawn.legs} level={level} />}
    </>
  );
}
