import { render } from "preact";
import "../shared/base.css";
import "./guide.css";
import { loadSite } from "../shared/site";
import { App } from "./app";
import { begin } from "./guide";

loadSite();
begin();
render(<App />, document.getElementById("app")!);
