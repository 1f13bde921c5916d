// The signs as drivers see them, and whether each device answers. A silent device is never shown as well.
import type { JSX } from "preact";
import { inWords } from "../shared/i18n/codes";
import { under } from "../shared/live";
import type { DeviceValue, SignValue } from "../shared/wire";
import { zoneName } from "./names";
import { feed } from "./session";
import { say } from "./words";

const tone = (health: string): string => ({ ok: "ok", faulty: "bad", silent: "warn" })[health] ?? "plain";

export function Devices(): JSX.Element {
  const signs = under<SignValue>(feed.values.value, "sign.");
  const devices = under<DeviceValue>(feed.values.value, "device.");
  return (
    <section aria-labelledby="devices-title">
      <h2 id="devices-title">{say("devices_title")}</h2>
      {signs.length + devices.length === 0 && feed.line.value === "live" && <p class="soft">{say("no_devices")}</p>}
      <ul class="devices">
        {signs.map(([id, sign]) => (
          <li key={`sign.${id}`} class="panel device" data-sign={id}>
            <span class={`led ${sign.health === "ok" ? "" : "led-off"}`}>{sign.text || "----"}</span>
            <p>
              {zoneName(sign.zone_id)}
              <small>
                {say("sign")} {id}
              </small>
            </p>
            <span class={`chip chip-${tone(sign.health)}`}>{inWords("health", sign.health)}</span>
          </li>
        ))}
        {devices.map(([id, device]) => (
          <li key={`device.${id}`} class="panel device" data-device={id}>
            <p>
              {id}
              {device.detail && <small>{device.detail}</small>}
            </p>
            <span class={`chip chip-${tone(device.health)}`}>{inWords("health", device.health)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
