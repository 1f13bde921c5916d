// The signs as drivers see them, and whether each device answers. A silent device is never shown as well.
import type { JSX } from "preact";
import { inWords } from "../shared/i18n/codes";
import { deviceWords } from "../shared/i18n/device_words";
import { under } from "../shared/live";
import type { DeviceValue, SignValue } from "../shared/wire";
import { givenUp } from "./given_up_words";
import { devicesOf, signName } from "./names";
import { feed, may } from "./session";
import { say } from "./words";

const SERVER = "server";
const TONES: Readonly<Record<string, string>> = { ok: "ok", faulty: "bad", silent: "warn" };

export function Health({ of }: { of: string | undefined }): JSX.Element {
  return <span class={`chip chip-${TONES[of ?? ""] ?? "plain"}`}>{of ? inWords("health", of) : say("no_word")}</span>;
}

/** What stands at a lane and reports for itself. */
export function DevicesOf({ lane }: { lane: string }): JSX.Element {
  return (
    <>
      {devicesOf(lane).map(([id, { health, detail }]) => (
        <span key={id} class="device-line">
          <span>
            {id}
            {detail && <small>{deviceWords(detail)}</small>}
          </span>
          <Health of={health} />
        </span>
      ))}
    </>
  );
}

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
              {signName(id)}
              <small>
                {say("sign")} {id}
              </small>
            </p>
            <Health of={sign.health} />
          </li>
        ))}
        {devices.map(([id, device]) => (
          <li key={`device.${id}`} class="panel device" data-device={id}>
            <p>
              {id === SERVER ? say("server") : id}
              {device.detail && <small>{deviceWords(device.detail)}</small>}
            </p>
            {id === SERVER && device.health !== "ok" && may("devices:write") && <a href="#/given-up">{givenUp("see")}</a>}
            <Health of={device.health} />
          </li>
        ))}
      </ul>
    </section>
  );
}
