// main.js - the page: puts the parts together.

import { $ } from "./ui/dom.js";
import { App } from "./ui/app.js";
import { Login } from "./ui/login.js";
import { onSetting, settings } from "./settings.js";

function theme() {
	document.documentElement.dataset.theme = settings.theme;
}

theme();
onSetting(theme);

const app = new App({ ended: (why, code) => {
	login.show();
	login.error(why, code);
} });
const login = new Login((who) => app.open(who));

app.login = login;
$("login-form").hidden = false;
login.show();
globalThis.chat = app; // for the console, and for the browser tests
