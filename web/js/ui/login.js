// login.js - the first window: a name, where to, and how.

import { socketUrl } from "../conn.js";
import { NAME_RULE, nameLike } from "../commands.js";
import { keep, recall } from "../settings.js";
import { $ } from "./dom.js";

const KEY = "chat.login";
const MODES = ["guest", "account", "register"];
const LEADS = {
	guest: "Choose a name and come in.",
	account: "Log in to your account.",
	register: "Make an account: the name is yours, and what you have read is remembered.",
};

export class Login {
	#mode = "guest";
	#busy = false;

	/** connect(who): who as Session.open() wants it. */
	constructor(connect) {
		const last = recall(KEY, {});
		const hash = new URLSearchParams(location.hash.slice(1));

		this.connect = connect;
		$("login-name").value = last.name ?? "";
		$("login-host").value = location.host;
		for (const mode of MODES) {
			$("tab-" + mode).addEventListener("click", () => this.mode(mode));
			$("tab-" + mode).addEventListener("keydown", (e) => this.#arrows(e));
		}
		$("login-form").addEventListener("submit", (e) => {
			e.preventDefault();
			this.#submit();
		});
		if (hash.has("invite")) {
			this.mode("register");
			$("login-invite").value = hash.get("invite");
		} else {
			this.mode(last.mode === "account" ? "account" : "guest");
		}
	}

	/** Somebody is in, and as what: so the next time begins. */
	entered(name, mode) {
		keep(KEY, { name, mode });
		$("login-name").value = name;
		this.mode(mode);
	}

	mode(mode) {
		this.#mode = mode;
		for (const m of MODES) {
			$("tab-" + m).setAttribute("aria-selected", m === mode);
			$("tab-" + m).tabIndex = m === mode ? 0 : -1;
		}
		$("login-fields").setAttribute("aria-labelledby", "tab-" + mode);
		for (const el of document.querySelectorAll("#login-fields [data-for]"))
			el.hidden = !el.dataset.for.split(" ").includes(mode);
		$("login-password").autocomplete = mode === "register" ? "new-password" : "current-password";
		$("login-lead").textContent = LEADS[mode];
		this.error("");
	}

	#arrows(e) {
		const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];

		if (!step)
			return;
		const mode = MODES[(MODES.indexOf(this.#mode) + step + 3) % 3];

		this.mode(mode);
		$("tab-" + mode).focus();
	}

	show() {
		$("login").hidden = false;
		$("app").hidden = true;
		document.title = "Chat";
		this.busy(false);
		$($("login-name").value && this.#mode !== "guest" ? "login-password" : "login-name").focus();
	}

	hide() {
		$("login").hidden = true;
		$("app").hidden = false;
		$("login-password").value = "";
	}

	busy(on) {
		this.#busy = on;
		$("login-go").disabled = on;
		$("login-go").textContent = on ? "Connecting…" : "Connect";
	}

	/** code: which field it is about. */
	error(text, code = "") {
		const field = {
			nick: "login-name",
			account: "login-password",
			server: "login-pass",
			unreachable: "login-host",
			address: "login-host",
		}[code];

		$("login-error").textContent = text;
		for (const input of $("login-form").querySelectorAll("input"))
			input.id === field ? input.setAttribute("aria-invalid", "true") : input.removeAttribute("aria-invalid");
		if (code === "server")
			$("login-pass-row").hidden = false;
		if (field && !$(field).closest("[hidden]"))
			$(field).focus();
	}

	#submit() {
		const name = $("login-name").value.trim();
		const password = $("login-password").value;
		const mode = this.#mode;
		const url = socketUrl($("login-host").value, location);

		if (this.#busy)
			return;
		if (!name)
			this.error("A name is needed.", "nick");
		else if (!nameLike(name))
			this.error(NAME_RULE, "nick");
		else if (!url)
			this.error("This is not a host and port: they look like localhost:8080.", "address");
		else if (mode !== "guest" && !password)
			this.error("The password is missing.", "account");
		else
			this.#go({ name, password, mode, url });
	}

	#go({ name, password, mode, url }) {
		const register = { email: $("login-email").value.trim(), password, invite: $("login-invite").value.trim() };

		this.error("");
		this.busy(true);
		this.connect({
			url,
			nick: name,
			account: name,
			password: mode === "account" ? password : "",
			pass: $("login-pass").value,
			register: mode === "register" ? register : null,
		});
	}
}
