import { render } from "preact";
import "../shared/base.css";
import { loadSite } from "../shared/site";
import { App, feed } from "./app";
import { rememberLevels } from "./levels";
import { beginFinding } from "./find";
import { begin } from "./stay";

loadSite();
begin();
beginFinding();
rememberLevels(feed);
feed.start();
render(<App />, document.getElementById("app")!);
if ("serviceWorker" in navigator && isSecureContext) void navigator.serviceWorker.register("./sw.js").catch(() => undefined);
