// The way to a car on foot, its steps in words.
import type { JSX } from "preact";
import { named } from "./i18n";
import { say } from "./find_words";
import type { CarWay, WayStep } from "./wire";

export function Steps({ way }: { way: CarWay }): JSX.Element {
  return (
    <ol class="how">
      {way.steps.map((step, n) => (
        <li key={n}>
          <span>{told(step, n > 0)}</span>
        </li>
      ))}
    </ol>
  );
}

function told(step: WayStep, underWay: boolean): string {
  const level = step.level_name ? named(step.level_name) : step.level;
  if (step.turn === "ride")
    return say(`ride_${step.kind as "lift"}`, { link: step.link ? named(step.link) : "", level });
  if (step.turn === "arrive") return say("arrive");
  const turn = step.turn === "start" && underWay ? "on" : step.turn; // every level begins anew
  return say(`go_${turn as "left"}`, { metres: step.metres });
}
