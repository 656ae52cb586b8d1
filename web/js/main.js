// main.js - the page: puts the parts together.

import { App } from "./ui/app.js";
import { Login } from "./ui/login.js";
import { keep, onSetting, recall, settings } from "./settings.js";

const AGAIN = "chat.again"; // of this tab: a guest who loads the page anew is in again
const AGAIN_MS = 800; // so long the server may need to see that the old page is gone

function theme() {
	document.documentElement.dataset.theme = settings.theme;
}

theme();
onSetting(theme);

const app = new App({
	entered: ({ url, nick }, account) => {
		keep(AGAIN, account ? null : { url, nick }, sessionStorage);
		login.entered(account || nick, account ? "account" : "guest");
	},
	ended: (why, code) => {
		keep(AGAIN, null, sessionStorage);
		login.show();
		login.error(why, code);
	},
});
const login = new Login((who) => app.open(who));

app.login = login;
login.show();

const again = recall(AGAIN, null, sessionStorage);

if (again && performance.getEntriesByType("navigation")[0]?.type === "reload") {
	login.busy(true);
	setTimeout(() => app.open({ ...again, account: again.nick, password: "", pass: "", register: null }), AGAIN_MS);
}
globalThis.chat = app; // for the console, and for the browser tests
