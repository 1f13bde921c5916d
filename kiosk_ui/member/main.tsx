import { render } from "preact";
import "../shared/base.css";
import "./member.css";
import { loadChannels } from "../shared/channels";
import { loadSite } from "../shared/site";
import { App } from "./app";
import { begin } from "./session";

loadSite();
void loadChannels();
begin();
render(<App />, document.getElementById("app")!);
