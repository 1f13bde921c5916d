import { render } from "preact";
import "../shared/base.css";
import "./kiosk.css";
import { loadSite } from "../shared/site";
import { App } from "./app";
import { run } from "./flow";
import { listenToScanner } from "./scanner";
import { speakAloud } from "./voice";

loadSite();
run();
listenToScanner();
speakAloud();
addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch is not a right click
addEventListener("hashchange", () => location.reload()); // another key: another machine
render(<App />, document.getElementById("app")!);
